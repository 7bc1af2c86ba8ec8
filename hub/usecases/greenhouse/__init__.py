"""A greenhouse whose air must be neither too moist nor too dry, and whose heat must not leave by the vents."""
