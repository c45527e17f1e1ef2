"""The double-entry book of points and reductions. Only this feature touches its own tables."""
