"""The face for those who run the programme: Flask, Jinja and htmx on a port of its own."""
