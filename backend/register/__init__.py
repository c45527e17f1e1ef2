"""The institutional register 台账: a wing of its own that knows nothing of points or actions."""
