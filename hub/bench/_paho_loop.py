"""What many write first: a plain paho loop that hears everything and does nothing with it.

`python -m hub.bench._paho_loop PORT` prints now and then how many messages it has heard.
"""

import sys
import threading
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

FILTER = "tele/#"
EVERY_S = 0.25


def main() -> int:
    """Hear everything, at QoS 1, acknowledged by the library itself."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="plain-loop")
    heard = 0

    def count(*_: Any) -> None:  # noqa: ANN401 — paho's callback
        nonlocal heard
        heard += 1

    client.on_message = count
    client.connect("127.0.0.1", int(sys.argv[1]))
    client.subscribe(FILTER, qos=1)
    client.loop_start()
    said = -1
    while True:
        threading.Event().wait(EVERY_S)
        if heard != said:
            said = heard
            print(said, flush=True)  # noqa: T201 — its output


if __name__ == "__main__":
    sys.exit(main())
