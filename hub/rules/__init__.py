"""Readings and time in, alarm transitions out."""
