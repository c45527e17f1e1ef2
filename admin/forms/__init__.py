"""What the console's pages accept: filters in the address, fields of forms."""
