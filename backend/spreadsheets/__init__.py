"""Reads tables that nobody vouches for (XLSX, CSV) into typed cells. Knows of no feature."""
