"""Who has been here before, in memory that never grows: what comes once need not be remembered."""

BITS = 19
"""64 KiB."""


class Doorstep:
    """Knows what comes again by one bit of its hash.

    It may take a stranger for known, one in 25 at most, and never the other way round until it begins anew.
    """

    def __init__(self, most: int = 20_000) -> None:
        """Begin; anew after `most` strangers."""
        self._most = most
        self._begin()

    def _begin(self) -> None:
        self._seen, self._many = bytearray(1 << BITS - 3), 0

    def again(self, name: str) -> bool:
        """Tell whether a name has been here before; it has been from now on."""
        place = hash(name) & ((1 << BITS) - 1)
        octet, bit = place >> 3, 1 << (place & 7)
        if self._seen[octet] & bit:
            return True
        if self._many >= self._most:
            self._begin()
        self._seen[octet] |= bit
        self._many += 1
        return False
