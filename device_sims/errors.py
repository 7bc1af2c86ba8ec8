"""What goes wrong in a simulation, in words for the person who started it."""


class SimulationError(Exception):
    """What was asked of the simulators cannot be played; the message names what, where and the remedy.

    Attributes:
        fr: the same in French, where people on a page may cause it.
    """

    def __init__(self, message: str, fr: str | None = None) -> None:
        """Say it in English, and in French where `fr` is given."""
        super().__init__(message)
        self.fr = message if fr is None else fr
