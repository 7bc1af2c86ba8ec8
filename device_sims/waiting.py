"""What is asked of a run whose history is still being made: kept until it plays, and told as it will be then."""

from device_sims.control import Order


class Waiting:
    """Orders in the order of asking."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._orders: list[Order] = []

    def keep(self, order: Order) -> None:
        """Keep an order; it takes the place of an earlier one about the same thing."""
        self._orders = [each for each in self._orders if (each.do, each.name) != (order.do, order.name)]
        self._orders.append(order)

    def take(self) -> list[Order]:
        """Return what waited; nothing waits any more."""
        taken, self._orders = self._orders, []
        return taken

    def speed(self, now: float) -> float:
        """Return how fast the run will go; `now`: as it is."""
        wanted = [each.speed for each in self._orders if each.do == "speed" and each.speed is not None]
        return wanted[-1] if wanted else now

    def is_active(self, fault: str, *, now: bool) -> bool:
        """Tell whether a fault will be on; `now`: as it is."""
        return next((each.active for each in self._orders if (each.do, each.name) == ("fault", fault)), now)
