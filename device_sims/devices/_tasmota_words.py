"""What a Tasmota says of itself: STATE, INFO1 to INFO3, native discovery, STATUS2 and STATUS5.

Sources: https://tasmota.github.io/docs/MQTT/ (STATE, INFO), https://tasmota.github.io/docs/Commands/#management
(Status), https://tasmota.github.io/docs/Home-Assistant/ (`tasmota/discovery/<MAC>/config` and `/sensors`).
"""

from collections.abc import Mapping
from datetime import timedelta

from device_sims.devices import Moment
from device_sims.devices._names import mac

VERSION = "14.2.0"
ADDRESS = "192.0.2.10"
"""Of the block that RFC 5737 keeps for documents: nobody is reached there."""
MOST_RELAYS = 32
NO_SWITCHES, NO_BUTTONS = 28, 32
DISCOVERED_OPTIONS = (4, 11, 13, 17, 20, 30, 68, 73, 82, 114, 117)
"""SetOptions that the discovery message tells; all off here."""


def discovery(name: str) -> str:
    """Return where a board announces itself.

    A real one has its MAC as the last level; here the first digits are `sim`, since the hub marks as simulated only
    what says so in its topic, and nobody's board can be meant. The body has the MAC in full.
    """
    return f"tasmota/discovery/sim{mac(name)[3:]}"


def counting_since(now: Moment) -> str:
    """Return TotalStartTime, local without offset: a month before the run."""
    return (now.start - timedelta(days=30)).astimezone(now.zone).strftime("%Y-%m-%dT%H:%M:%S")


def infos(name: str, module: str) -> list[dict[str, object]]:
    """Return the bodies of INFO1, INFO2 and INFO3, said once after a boot."""
    fallback = f"cmnd/DVES_{mac(name)[6:]}_fb/"
    version = f"{VERSION}(tasmota)"
    return [
        {"Info1": {"Module": module, "Version": version, "FallbackTopic": fallback, "GroupTopic": "cmnd/tasmotas/"}},
        {"Info2": {"WebServerMode": "Admin", "Hostname": name, "IPAddress": ADDRESS}},
        {"Info3": {"RestartReason": "Power On", "BootCount": 1}},
    ]


def discovered(name: str, module: str, relays: int) -> dict[str, object]:
    """Return the body of `tasmota/discovery/<MAC>/config`."""
    return {
        "ip": ADDRESS,
        "dn": name,
        "fn": [name, *[None] * 7],
        "hn": name,
        "mac": mac(name),
        "md": module,
        "ty": 0,
        "if": 0,
        "ofln": "Offline",
        "onln": "Online",
        "state": ["OFF", "ON", "TOGGLE", "HOLD"],
        "sw": VERSION,
        "t": name,
        "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"],
        "rl": [1] * relays + [0] * (MOST_RELAYS - relays),
        "swc": [-1] * NO_SWITCHES,
        "swn": [None] * NO_SWITCHES,
        "btn": [0] * NO_BUTTONS,
        "so": {str(number): 0 for number in DISCOVERED_OPTIONS},
        "lk": 0,
        "lt_st": 0,
        "bat": 0,
        "dslp": 0,
        "sho": [],
        "sht": [],
        "ver": 1,
    }


def address_of(name: str) -> dict[str, object]:
    """Return the body of STATUS5."""
    pairs = ":".join(mac(name)[place : place + 2] for place in range(0, 12, 2))
    return {"StatusNET": {"Hostname": name, "IPAddress": ADDRESS, "Mac": pairs}}


def firmware() -> dict[str, object]:
    """Return the body of STATUS2."""
    return {"StatusFWR": {"Version": f"{VERSION}(tasmota)", "Core": "2_7_7", "Hardware": "ESP8266EX"}}


def state(now: Moment, relays: Mapping[str, str], dbm: int) -> dict[str, object]:
    """Return the body of STATE: `relays` by their names (`POWER` → `ON`), the radio's strength [dBm]."""
    days, rest = divmod(now.uptime_s, 86_400)
    return {
        "Time": now.local_text(),
        "Uptime": f"{days}T{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}",
        "UptimeSec": now.uptime_s,
        "Heap": 25,
        "SleepMode": "Dynamic",
        "Sleep": 50,
        "LoadAvg": 19,
        "MqttCount": 1,
        **relays,
        "Wifi": {
            "AP": 1,
            "SSId": "simulated",
            "Channel": 6,
            "RSSI": min(max(2 * (dbm + 100), 0), 100),
            "Signal": dbm,
        },
    }
