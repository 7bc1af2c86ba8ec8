"""Guests: drivers of other packages, each call bounded, in one process of their own (design.md §1, Driver).

What a guest does wrong costs its own messages and nobody else's: it is named, and off after three strikes.
"""
