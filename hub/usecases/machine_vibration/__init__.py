"""A machine that sings a little louder."""
