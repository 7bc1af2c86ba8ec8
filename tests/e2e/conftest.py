"""Brokers for the tests that need one beside the demo's own."""

from servers.brokers import broker

__all__ = ["broker"]
