"""A scripted Tasmota board at a real broker: says how often it reports, and obeys."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from servers.hanging_up import hang_up


@dataclass
class Board:
    """A Tasmota with its own period of five minutes, and what it was told."""

    client: paho.Client
    period: int = 300
    told: list[str] = field(default_factory=list)

    def hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        """Obey, or say the period; as the firmware answers."""
        text = message.payload.decode()
        self.told.append(text)
        if text:
            self.period = int(text)
        self.client.publish("stat/cellar/RESULT", json.dumps({"TelePeriod": self.period}), 1)

    def speak(self) -> None:
        """Send telemetry."""
        self.client.publish("tele/cellar/SENSOR", '{"BME280":{"Temperature":21.7}}', 1)


@contextmanager
def board(port: int) -> Iterator[Board]:
    """Lend a board at a broker."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="test-board")
    lent = Board(client)
    client.on_message = lent.hear
    client.connect("127.0.0.1", port)
    client.subscribe("cmnd/cellar/TelePeriod", 1)
    client.loop_start()
    try:
        yield lent
    finally:
        hang_up(client)
