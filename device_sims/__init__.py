"""Simulated devices: physics that react, vendor formats, faults on command."""
