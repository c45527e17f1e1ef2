"""The routes of the API, one module a noun; docs/errors.md lists their refusals."""
