"""A hub that pretends, to look at the page in states that a real one reaches in hours: `python web/dev/fake_hub.py`.

Serves the built page with a fake /live and /api/v1 (design.md §4, by hand). `--scene` chooses what there is to see.
Not part of the package, and no substitute for the end-to-end tests against the real hub.
"""

# ruff: noqa: C901, D102, D103, D107, E501, INP001, PLR0915, PLR2004 — a prop, not a product

import argparse
import asyncio
import json
import math
import random
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

ROOT = Path(__file__).parent.parent.parent
RUN = "cold-room-20261124t073000-7a1c"
PROBE, COMPRESSOR, DOOR = (
    "tasmota:coldroom-sim-probe",
    "shelly:coldroom-sim-compressor",
    "zigbee2mqtt:coldroom-sim-door",
)
SCENES = (
    "live",
    "alarm",
    "acknowledged",
    "returned",
    "many-alarms",
    "bad",
    "stale",
    "waiting",
    "nothing",
    "fifty",
    "real",
)
PAGES = ("/", "/projector", "/facilitator", "/devices", "/gallery")


def rfc3339(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class World:
    """A cold room in a few lines: enough for curves that look right."""

    def __init__(self, scene: str, role: str, speed: float) -> None:
        self.scene, self.role, self.speed = scene, role, speed
        self.start = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
        self.now = self.start
        self.air, self.product, self.cooling, self.power = 3.0, 3.1, False, 0.0
        self.faults = dict.fromkeys(
            ("delivery", "door_open", "door_ajar", "compressor_dead", "fan_iced", "power_cut"), False
        )
        self.history: list[tuple[float, float, float, float, float]] = []
        self.alarms: dict[str, dict[str, Any]] = {}
        self.above: datetime | None = None
        self.unknown = 0 if scene in {"nothing", "waiting"} else 3
        self.seq = 0
        self.now = self.start - timedelta(hours=24)
        while self.now < self.start:
            self.step(60)
        if scene in {"alarm", "acknowledged", "returned", "many-alarms"}:
            self.faults["door_open"] = True
            for _ in range(24):
                self.step(60)
        if scene == "returned":
            self.faults["door_open"] = False
            for _ in range(30):
                self.step(60)
        if scene == "acknowledged":
            for alarm in self.alarms.values():
                alarm.update(
                    state="acknowledged",
                    acknowledged_at=rfc3339(self.now),
                    acknowledged_by="facilitator",
                    comment="Je ferme la porte.",
                )
        if scene == "many-alarms":
            for number, (rule, priority, text) in enumerate(
                (
                    ("air_very_high", "high", "9,3 °C dans la chambre froide : agissez maintenant."),
                    ("door_left_open", "low", "La porte est ouverte depuis 3 min."),
                    ("product_forecast", "high", "À ce rythme, le produit passe +4 °C dans 40 min."),
                    ("door_rate", "low", "La porte vient de s’ouvrir ? L’air monte de 0,9 °C par minute."),
                )
            ):
                self.raise_alarm(rule, "air", priority, {"fr": text, "en": text}, self.now - timedelta(minutes=number))

    @property
    def door(self) -> float:
        return 1.0 if self.faults["door_open"] or self.faults["door_ajar"] or self.faults["delivery"] else 0.0

    def step(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        g = 400 if self.faults["door_open"] or self.faults["delivery"] else 110 if self.faults["door_ajar"] else 0
        hour = self.now.hour + self.now.minute / 60
        defrost = any(0 <= hour - each < 1 / 3 for each in (1, 9, 17))
        if self.air >= 4:
            self.cooling = True
        if self.air <= 2:
            self.cooling = False
        on = self.cooling and not defrost and not self.faults["compressor_dead"]
        self.power = 1000 + random.gauss(0, 4) if on else 0
        ua = 20 + g
        for _ in range(max(1, int(seconds / 10))):
            dt = seconds / max(1, int(seconds / 10))
            heat = ua * (22 - self.air) + 60 + 15 * (self.product - self.air) - (2000 if on else 0)
            self.air += heat * dt / 120_000
            self.product += 15 * (self.air - self.product) * dt / 600_000
        self.history.append(
            (
                self.now.timestamp(),
                self.air + random.gauss(0, 0.04),
                self.product + random.gauss(0, 0.02),
                self.power,
                1 - self.door,
            )
        )
        if self.air > 4 and not defrost:
            self.above = self.above or self.now
            if (self.now - self.above).total_seconds() >= 900 and self.door:
                since = rfc3339(self.above + timedelta(seconds=900))
                if not any(each["returned_at"] is None for each in self.alarms.values()):
                    text = f"{self.air:.1f}".replace(".", ",")
                    self.raise_alarm(
                        "air_high",
                        "air",
                        "medium",
                        {
                            "fr": f"L’air est au-dessus de +4\u202f°C depuis 15\u00a0min ({text}\u202f°C). Porte\u202f? Givre\u202f?",
                            "en": f"Air above +4\u00a0°C for 15\u00a0min ({self.air:.1f}\u00a0°C). Door? Ice?",
                        },
                        datetime.fromisoformat(since),
                    )
        elif self.air < 3.5:
            self.above = None
            for alarm in self.alarms.values():
                if alarm["returned_at"] is None:
                    alarm["returned_at"] = rfc3339(self.now)
                    alarm["state"] = "returned" if alarm["state"] == "unacknowledged" else "normal"

    def raise_alarm(self, rule: str, measure: str, priority: str, texts: dict[str, str], at: datetime) -> None:
        name = f"cold_room.{rule}-{RUN}-{int(at.timestamp() * 1000)}"
        rules = {each["id"]: each for each in USECASE["rules"]}
        self.alarms[name] = {
            "id": name,
            "rule": rule,
            "measure": measure,
            "device": PROBE,
            "usecase": "cold_room",
            "run": RUN,
            "priority": priority,
            "state": "unacknowledged",
            "raised_at": rfc3339(at),
            "returned_at": None,
            "acknowledged_at": None,
            "acknowledged_by": None,
            "comment": None,
            "past": False,
            "text": texts["fr"],
            "texts": texts,
            "source": rules[rule].get("source"),
            "indicative": rules[rule].get("indicative", False),
        }

    def run(self) -> str:
        return "real" if self.scene == "real" else RUN

    def devices(self) -> list[dict[str, Any]]:
        if self.scene == "nothing":
            return []
        time, run = rfc3339(self.now), self.run()

        def channel(
            name: str, unit: str | None, value: float | None, quality: str = "good", when: str = time
        ) -> dict[str, Any]:
            none = value is None or self.scene == "waiting"
            return {
                "name": name,
                "unit": unit,
                "value": None if none else value,
                "time": None if none else when,
                "quality": None if none else quality,
            }

        def device(
            uid: str, *channels: dict[str, Any], availability: str | None = "online", of: str = run
        ) -> dict[str, Any]:
            return {
                "id": uid,
                "name": uid.split(":")[1],
                "family": uid.split(":", maxsplit=1)[0],
                "availability": availability,
                "simulated": of != "real",
                "run": of,
                "channels": channels,
            }

        stale = rfc3339(self.now - timedelta(minutes=13)) if self.scene == "stale" else time
        bad = self.scene == "bad"
        wall = rfc3339(datetime.now(UTC) - timedelta(seconds=4))
        found = [
            device(
                PROBE,
                channel("temperature_ds18b20_1", "°C", round(self.history[-1][1], 1), when=stale),
                channel(
                    "temperature_ds18b20_2",
                    "°C",
                    85.0 if bad else round(self.history[-1][2], 1),
                    "bad" if bad else "good",
                    stale,
                ),
            ),
            device(
                COMPRESSOR,
                channel("switch", None, 1.0),
                channel("power", "W", round(self.power, 1)),
                channel("voltage", "V", 231.4),
                channel("current", "A", 4.41),
                channel("energy", "kWh", 12.345),
                channel("input", None, 0.0),
                channel("chip_temperature", "°C", 48.2),
            ),
            device(
                DOOR,
                channel("contact", None, 1 - self.door),
                channel("battery", "%", 82.0),
                channel("link_quality", None, 118.0),
                availability=None,
            ),
            device(
                "tasmota:kitchen",
                channel("temperature", "°C", 21.7, when=wall),
                channel("humidity", "%", 40.5, when=wall),
                channel("pressure", "hPa", 1001.2, when=wall),
                channel("dew_point", "°C", 7.6, when=wall),
                channel("wifi_signal", "dBm", -61.0, when=wall),
                of="real",
            ),
            device(
                'generic:<b onload="x">&amp;',
                channel("value", None, 3.0, "uncertain", when=wall),
                of="real",
                availability=None,
            ),
            device(
                "shelly:four-garage",
                channel("power", "W", 1840.0, when=wall),
                channel("switch", None, 1.0, when=wall),
                of="real",
                availability="offline",
            ),
        ]
        if self.scene == "fifty":
            found += [
                device(
                    f"tasmota:capteur-{n:02}",
                    channel("temperature", "°C", 18 + n / 7, when=wall),
                    channel("humidity", "%", 40.0 + n / 2, when=wall),
                    of="real",
                )
                for n in range(47)
            ]
        return found

    def sentence(self) -> dict[str, Any]:
        if self.scene == "waiting":
            text = {
                "fr": "En attente des premières mesures de la chambre froide.",
                "en": "Waiting for the first measurements of the cold room.",
            }
            return {"code": "waiting", "params": {}, "text": text}
        air, product = round(self.history[-1][1], 1), round(self.history[-1][2], 1)
        a, p = f"{air:.1f}".replace(".", ","), f"{product:.1f}".replace(".", ",")
        params = {"air": air, "product": product}
        if air > 4.5 and self.above:
            since = int((self.now - self.above).total_seconds() / 60)
            return {
                "code": "air_high_eta",
                "params": params | {"limit": 4.0, "since_s": since * 60.0, "eta_s": 6600.0},
                "text": {
                    "fr": f"L’air est à {a}\u202f°C depuis {since}\u00a0min, le produit à {p}\u202f°C\u00a0: il reste environ 1\u00a0h\u00a050 avant +4\u202f°C.",
                    "en": f"Air has been at {air}\u00a0°C for {since}\u00a0min, the product is at {product}\u00a0°C: about 1\u00a0h\u00a050\u00a0min left before +4\u00a0°C.",
                },
            }
        return {
            "code": "calm",
            "params": params,
            "text": {
                "fr": f"L’air est à {a}\u202f°C, le produit à {p}\u202f°C\u00a0: rien à faire.",
                "en": f"Air is at {air}\u00a0°C, the product at {product}\u00a0°C: nothing to do.",
            },
        }

    def scenario(self) -> dict[str, Any] | None:
        if self.scene in {"nothing", "real"}:
            return None
        return {
            "usecase": "cold_room",
            "run": RUN,
            "time": rfc3339(self.now),
            "speed": self.speed,
            "seed": 7,
            "state": "running" if self.speed else "paused",
            "faults": [{"name": name, "active": on} for name, on in self.faults.items()],
        }

    def runs(self) -> dict[str, Any]:
        runs = {
            "real": {
                "now": rfc3339(self.now if self.scene == "real" else datetime.now(UTC)),
                "speed": 1,
                "state": "running",
            }
        }
        if self.scene not in {"nothing", "real"}:
            runs[RUN] = {"now": rfc3339(self.now), "speed": self.speed, "state": "running" if self.speed else "paused"}
        return runs

    def full(self) -> dict[str, Any]:
        sentences = {} if self.scene == "nothing" else {"cold_room": self.sentence()}
        return {
            "seq": self.seq,
            "type": "full",
            "role": self.role,
            "now": rfc3339(datetime.now(UTC)),
            "runs": self.runs(),
            "devices": self.devices(),
            "alarms": [*self.alarms.values()][::-1],
            "sentences": sentences,
            "scenario": self.scenario(),
            "parts": {},
            "messages": self.unknown,
        }

    def delta(self) -> dict[str, Any]:
        self.seq += 1
        values = [
            {
                "device": device["id"],
                "channel": channel["name"],
                "value": channel["value"],
                "time": channel["time"],
                "quality": channel["quality"],
                "run": device["run"],
            }
            for device in self.devices()[:3]
            for channel in device["channels"][:2]
            if channel["value"] is not None
        ]
        return {
            "seq": self.seq,
            "type": "delta",
            "now": rfc3339(datetime.now(UTC)),
            "values": values,
            "runs": self.runs(),
            "alarms": [*self.alarms.values()],
            "sentences": {"cold_room": self.sentence()},
            "scenario": self.scenario(),
        }


def story() -> dict[str, Any]:
    case = tomllib.loads((ROOT / "hub/usecases/cold_room/usecase.toml").read_text("utf-8"))
    limits = {rule["id"]: rule for rule in case["rules"]}
    devices = {"probe": PROBE, "compressor": COMPRESSOR, "door": DOOR}
    return {
        "name": "cold_room",
        **{name: case[name] for name in ("title", "story", "place", "limits_to_say")},
        "rules": [
            {
                "limit": None,
                "unit": None,
                "on_delay_s": 0,
                "off_delay_s": 0,
                "source": None,
                "indicative": False,
                **rule,
            }
            for rule in case["rules"]
        ],
        "money": [{"note": None, **card} for card in case["money"]],
        "roles": [
            {"name": name, "title": role["title"], "kind": role["kind"], "state": "simulated", "device": devices[name]}
            for name, role in case["roles"].items()
        ],
        "measures": [
            {
                "unit": None,
                "decimals": 1,
                "silence_s": None,
                "primary": False,
                "value": None,
                "time": None,
                "quality": None,
                **measure,
                "name": name,
                "device": devices[measure["role"]],
            }
            for name, measure in case["measures"].items()
        ],
        "panels": [
            {
                **panel,
                "limits": [
                    {
                        "rule": rule,
                        "value": limits[rule]["limit"],
                        "label": {
                            "fr": f"+{limits[rule]['limit']:.0f}\u202f°C",
                            "en": f"+{limits[rule]['limit']:.0f}\u00a0°C",
                        },
                    }
                    for rule in panel.get("limits", ())
                ],
            }
            for panel in case["panels"]
        ],
        "faults": [
            {"name": name, "title": {"fr": fr, "en": en}, "active": False}
            for name, fr, en in (
                ("delivery", "Livraison", "Delivery"),
                ("door_open", "Porte grande ouverte", "Door wide open"),
                ("door_ajar", "Porte entrouverte", "Door ajar"),
                ("compressor_dead", "Compresseur mort", "Compressor dead"),
                ("fan_iced", "Givre au ventilateur", "Iced fan"),
                ("power_cut", "Coupure de courant", "Power cut"),
            )
        ],
    }


USECASE = story()


def problem(status: int, detail: str) -> web.Response:
    return web.json_response(
        {"title": "refusé", "status": status, "detail": detail}, status=status, content_type="application/problem+json"
    )


def application(world: World, static: Path) -> web.Application:
    routes = web.RouteTableDef()

    @routes.get("/live")
    async def live(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps(world.full()))

        async def send() -> None:
            while True:
                await asyncio.sleep(0.25)
                if world.scene != "nothing":
                    if world.scene not in {"stale", "waiting"} and world.speed:
                        world.step(0.25 * world.speed)
                    await socket.send_str(json.dumps(world.delta()))

        sending = asyncio.create_task(send())
        async for message in socket:
            if message.type == WSMsgType.TEXT and json.loads(message.data).get("type") == "full":
                await socket.send_str(json.dumps(world.full()))
        sending.cancel()
        return socket

    @routes.get("/api/v1/usecases")
    async def usecases(_: web.Request) -> web.Response:
        case = {"name": "cold_room", "title": USECASE["title"], "run": RUN, "state": "running"}
        return web.json_response({"usecases": [] if world.scene == "nothing" else [case]})

    @routes.get("/api/v1/usecases/{name}")
    async def usecase(_: web.Request) -> web.Response:
        case = {
            **USECASE,
            "run": world.run(),
            "now": rfc3339(world.now),
            "speed": world.speed,
            "simulated": world.scene != "real",
            "sentence": world.sentence(),
        }
        if world.scene == "real":
            case["roles"] = [
                {**role, "state": "real"} if role["name"] != "door" else {**role, "state": "missing", "device": None}
                for role in case["roles"]
            ]
            case["measures"] = [
                {**each, "device": None} if each["role"] == "door" else each for each in case["measures"]
            ]
        return web.json_response(case)

    @routes.get("/api/v1/series")
    async def series(request: web.Request) -> web.Response:
        query = request.query
        column = {
            (PROBE, "temperature_ds18b20_1"): 1,
            (PROBE, "temperature_ds18b20_2"): 2,
            (COMPRESSOR, "power"): 3,
            (DOOR, "contact"): 4,
        }.get((query["device"], query["channel"]))
        from_ = (world.now - timedelta(seconds=float(query["start"].strip("-s")))).timestamp()
        until = world.now.timestamp() - (780 if world.scene == "stale" else 0)
        points = (
            []
            if column is None or world.scene == "waiting"
            else [(row[0], row[column]) for row in world.history if from_ <= row[0] <= until]
        )
        thin = max(1, math.ceil(len(points) / (2 * int(query["width"]))))
        points = points[::thin]
        one = {
            "device": query["device"],
            "channel": query["channel"],
            "unit": "°C",
            "run": query["run"],
            "t": [int(t * 1000) for t, _ in points],
            "v": [round(v, 2) for _, v in points],
        }
        return web.json_response({"now": rfc3339(world.now), "series": [one]})

    @routes.get("/api/v1/messages")
    async def messages(_: web.Request) -> web.Response:
        if world.role != "facilitator":
            return problem(403, "Réservé à l’animateur.")
        if not world.unknown:
            return web.json_response({"messages": []})
        wall = rfc3339(datetime.now(UTC) - timedelta(seconds=70))
        return web.json_response(
            {
                "messages": [
                    {
                        "topic": "tele/esp-cave-2/SENSOR",
                        "received": wall,
                        "understood": False,
                        "driver": "tasmota",
                        "reason": "Le message n’est pas du JSON : il finit au caractère 31.",
                        "payload": '{"Time":"2026-11-24T09:00:00","B',
                        "count": 2,
                    },
                    {
                        "topic": "atelier/<script>alert(1)</script>",
                        "received": wall,
                        "understood": False,
                        "driver": None,
                        "reason": "Personne ne réclame ce sujet, et il ne porte pas de nombre.",
                        "payload": "bonjour",
                        "count": 1,
                    },
                ]
            }
        )

    @routes.put("/api/v1/scenario/faults/{name}")
    async def fault(request: web.Request) -> web.Response:
        name, wanted = request.match_info["name"], (await request.json())["active"]
        if name == "power_cut":
            return problem(409, "Le simulateur ne répond pas : il redémarre, réessayez dans 5 s.")
        await asyncio.sleep(0.4)
        world.faults[name] = wanted
        return web.json_response(world.scenario())

    @routes.put("/api/v1/scenario/speed")
    async def speed(request: web.Request) -> web.Response:
        world.speed = (await request.json())["speed"]
        return web.json_response(world.scenario())

    @routes.post("/api/v1/alarms/{name}/acknowledge")
    async def acknowledge(request: web.Request) -> web.Response:
        alarm = world.alarms[request.match_info["name"]]
        alarm.update(
            state="normal" if alarm["returned_at"] else "acknowledged",
            acknowledged_at=rfc3339(world.now),
            acknowledged_by="facilitator",
            comment=(await request.json()).get("comment"),
        )
        return web.json_response(alarm)

    @routes.post("/api/v1/login")
    async def login(request: web.Request) -> web.Response:
        if (await request.json()).get("pin") != "123456":
            return problem(403, "Ce code n’est pas celui du terminal. Encore 4 essais.")
        world.role = "facilitator"
        return web.Response(status=204)

    async def page(_: web.Request) -> web.FileResponse:
        policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'"
        return web.FileResponse(static / "index.html", headers={"Content-Security-Policy": policy})

    app = web.Application()
    app.add_routes(routes)
    app.add_routes([web.get(path, page) for path in PAGES])
    app.router.add_static("/assets", static / "assets")
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", choices=SCENES, default="live")
    parser.add_argument("--role", choices=("viewer", "facilitator"), default="facilitator")
    parser.add_argument("--speed", type=float, default=10)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--static", type=Path, default=ROOT / "hub" / "web" / "static", help="the built page")
    asked = parser.parse_args()
    world = World(asked.scene, asked.role, asked.speed)
    web.run_app(application(world, asked.static), host="127.0.0.1", port=asked.port, shutdown_timeout=0.1)


if __name__ == "__main__":
    main()
