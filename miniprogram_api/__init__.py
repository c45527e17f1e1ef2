"""The face for phones and devices: flask-smorest under /api/v1 and the pages behind a poster."""
