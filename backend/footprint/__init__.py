"""The personal footprint, for the member alone: answers and actions. Calls actions and people."""
