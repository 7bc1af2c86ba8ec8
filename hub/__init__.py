"""Matinales Hub: from a device's telegram to a page that speaks the trade."""

__version__ = "0.1.0"
