"""What goes wrong in a simulation, in words for the person who started it."""


class SimulationError(Exception):
    """What was asked of the simulators cannot be played; the message names what, where and the remedy."""
