"""A wine grower's spring night: shelter, wet bulb and buds."""
