"""Measurements of this machine, one file each: `measure()` returns figure → value, the unit at the name's end."""
