"""What goes in and out of the API, documented in the OpenAPI."""
