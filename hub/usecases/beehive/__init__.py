"""A beekeeper's hive on a scale, 30 km away."""
