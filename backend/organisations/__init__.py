"""City, districts (块), systems (条), institutions, departments; headcount, floor area by year."""
