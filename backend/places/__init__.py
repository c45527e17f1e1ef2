"""Recycling points and other places with a QR: categories, hours, codes, posters."""
