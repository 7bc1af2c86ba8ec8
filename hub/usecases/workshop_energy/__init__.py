"""A workshop and its meter."""
