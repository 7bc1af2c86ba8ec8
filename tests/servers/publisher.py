"""The bench's publisher, for tests, and a payload that says who sent it and its number."""

import time

from hub.bench._publisher import Publisher, publish_packet

__all__ = ["Publisher", "payload", "publish_packet"]


def payload(number: int, sender: str = "a") -> bytes:
    """Return 150 bytes of JSON with 3 values, the message's number, its sender and the time of sending [ns]."""
    body = (
        f'{{"n":{number},"by":"{sender}","at":{time.time_ns()},"Temperature":{15 + number % 100 / 10},'
        f'"Humidity":{40 + number % 37 / 10},"Pressure":{990 + number % 250 / 10}'
    )
    return f'{body},"pad":"{"x" * max(0, 150 - len(body) - 10)}"}}'.encode()
