"""The driver kit: a first driver from one message, in a checkout of the hub or as a package of its own."""
