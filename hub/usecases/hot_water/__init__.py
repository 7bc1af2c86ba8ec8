"""A hot-water loop that must stay hot."""
