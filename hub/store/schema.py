"""The tables of store.db and the steps from one version of them to the next."""

import apsw

from hub.store import rollup_tables as rollups

APPLICATION = 0x4D415449
"""`application_id` of the file: MATI."""

_FIRST = """
CREATE TABLE series(
  id INTEGER PRIMARY KEY,
  device TEXT NOT NULL,
  channel TEXT NOT NULL,
  unit TEXT NOT NULL,            -- '' : nobody said
  UNIQUE(device, channel, unit)
);
CREATE TABLE timeline(id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
CREATE TABLE curve(              -- which series has readings on which timeline
  series INTEGER NOT NULL, run INTEGER NOT NULL, PRIMARY KEY(series, run)
) WITHOUT ROWID;
CREATE TABLE readings(
  series INTEGER NOT NULL,
  run INTEGER NOT NULL,
  time INTEGER NOT NULL,         -- ns
  tie INTEGER NOT NULL,
  value REAL NOT NULL,
  flags INTEGER NOT NULL,        -- quality (0 good, 1 uncertain, 2 bad) + 4 * time source (0 device, 1 arrival, 2 late)
  PRIMARY KEY(series, run, time, tie)
) WITHOUT ROWID;

CREATE TABLE cursor(name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE context(
  driver TEXT NOT NULL, scope TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY(driver, scope)
) WITHOUT ROWID;
CREATE TABLE clock(device TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE device(uid TEXT PRIMARY KEY, data TEXT NOT NULL);                      -- rowid: order first seen
CREATE TABLE alias(name TEXT PRIMARY KEY, device TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE latest(                                                              -- rowid: order first seen
  device TEXT NOT NULL, channel TEXT NOT NULL, run TEXT NOT NULL, unit TEXT, value REAL NOT NULL,
  time INTEGER NOT NULL, received INTEGER NOT NULL, source TEXT NOT NULL, quality TEXT NOT NULL, tie INTEGER NOT NULL,
  UNIQUE(device, channel, run)
);
CREATE TABLE run(id TEXT PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE mark(kind TEXT NOT NULL, name TEXT NOT NULL, run TEXT NOT NULL, PRIMARY KEY(kind, name)) WITHOUT ROWID;
CREATE TABLE alarm(id TEXT PRIMARY KEY, raised INTEGER NOT NULL, open INTEGER NOT NULL, data TEXT NOT NULL);
CREATE INDEX alarm_raised ON alarm(raised);
CREATE INDEX alarm_open ON alarm(raised) WHERE open;
CREATE TABLE rule(name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE heard(                                            -- newest of each (topic, understood, reason)
  topic TEXT NOT NULL, understood INTEGER NOT NULL, reason TEXT NOT NULL, driver TEXT,
  position INTEGER NOT NULL, received INTEGER NOT NULL, payload BLOB NOT NULL, count INTEGER NOT NULL,
  UNIQUE(topic, understood, reason)
);
CREATE INDEX heard_position ON heard(understood, position);
CREATE TABLE seen(                                             -- rowid: order of arrival
  device TEXT NOT NULL, measured INTEGER NOT NULL, tie INTEGER NOT NULL, UNIQUE(device, measured, tie)
);
"""

_ACTIONS = """
CREATE TABLE action(id INTEGER PRIMARY KEY, device TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX action_device ON action(device);
CREATE TABLE command(id TEXT PRIMARY KEY, wall INTEGER NOT NULL, device TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX command_wall ON command(wall);
"""

_INFLUX = """
CREATE TABLE outbox(             -- what InfluxDB has not confirmed, in order
  id INTEGER PRIMARY KEY,
  simulated INTEGER NOT NULL,    -- which bucket
  first INTEGER NOT NULL,        -- journal position of the first message
  at INTEGER NOT NULL,           -- wall clock [ns] when it was put in
  lines INTEGER NOT NULL,
  size INTEGER NOT NULL,         -- bytes of data
  data BLOB NOT NULL             -- line protocol, zstd
);
CREATE TABLE refused(            -- what InfluxDB will never take, and why
  id INTEGER PRIMARY KEY,
  bucket TEXT NOT NULL,
  line TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,           -- wall clock [ns]
  position INTEGER NOT NULL,     -- in the journal, at or before the message
  UNIQUE(bucket, line)
);
"""

_ERRANDS = """
CREATE TABLE erasure(            -- forgotten devices that InfluxDB is to erase too
  device TEXT PRIMARY KEY,
  at INTEGER NOT NULL,           -- wall clock [ns] when a person asked
  refused TEXT                   -- why it will not, in its words
) WITHOUT ROWID;
CREATE TABLE coarse(hour INTEGER PRIMARY KEY);  -- hours since 1970: InfluxDB is to compute their 5-minute values again
CREATE TABLE thinned(            -- up to when only the extremes of each window are kept
  series INTEGER NOT NULL, run INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY(series, run)
) WITHOUT ROWID;
"""

_ALARM_STEPS = """
CREATE TABLE alarm_step(         -- every step of an alarm's life, in order
  id INTEGER PRIMARY KEY, alarm TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX alarm_step_alarm ON alarm_step(alarm);
CREATE TABLE notice(             -- who is still to be told of which step
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  way TEXT NOT NULL,             -- webhook, mail
  at INTEGER NOT NULL,           -- wall clock [ns] when it happened
  due INTEGER NOT NULL,          -- wall clock [ns] of the next try
  tries INTEGER NOT NULL,
  data TEXT NOT NULL             -- the alarm as it was, and the step
);
"""

_PARTITIONS = """
ALTER TABLE outbox ADD COLUMN last INTEGER NOT NULL DEFAULT 0;  -- journal position of the last message
ALTER TABLE outbox ADD COLUMN share INTEGER;                    -- partition of the journal; NULL: this worker's own
"""
_SHARES = """
ALTER TABLE outbox ADD COLUMN shares INTEGER;  -- partitions of the journal, a bit each; NULL: this worker's own
ALTER TABLE outbox ADD COLUMN lasts TEXT;      -- of each, the journal position of its last message
UPDATE outbox SET shares = 1 << share, lasts = json_object(CAST(share AS TEXT), last) WHERE share IS NOT NULL;
ALTER TABLE outbox DROP COLUMN last;
ALTER TABLE outbox DROP COLUMN share;
"""

_NEWEST = """
CREATE TABLE newest(             -- newest reading of each curve, stored or only shown; decisions/0033
  curve INTEGER PRIMARY KEY,     -- series << 32 | run
  time INTEGER NOT NULL,         -- ns; 0: of unknown age
  tie INTEGER NOT NULL,
  value REAL NOT NULL,
  flags INTEGER NOT NULL,        -- as in readings
  received INTEGER NOT NULL      -- ns
);
INSERT OR IGNORE INTO series(device, channel, unit) SELECT device, channel, ifnull(unit, '') FROM latest ORDER BY rowid;
INSERT OR IGNORE INTO timeline(run) SELECT run FROM latest ORDER BY rowid;
INSERT INTO newest
SELECT series.id << 32 | timeline.id, time, tie, value,
  CASE quality WHEN 'good' THEN 0 WHEN 'uncertain' THEN 1 ELSE 2 END
  + 4 * CASE source WHEN 'device' THEN 0 WHEN 'arrival' THEN 1 ELSE 2 END, received
FROM latest
JOIN series ON series.device = latest.device AND series.channel = latest.channel
  AND series.unit = ifnull(latest.unit, '')
JOIN timeline ON timeline.run = latest.run;
DROP TABLE latest;
"""

STEPS = (
    _FIRST,
    _INFLUX,
    _ACTIONS,
    _ERRANDS,
    _ALARM_STEPS,
    rollups.TABLES + rollups.MARK_ALL,
    _PARTITIONS,
    _SHARES,
    _NEWEST,
)
"""Version n becomes n + 1 by `STEPS[n]`; what was released is never edited, only followed by another step."""
VERSION = len(STEPS)


def know(db: apsw.Connection) -> None:
    """Check that the file is ours and not newer than this code; changes nothing.

    Raises:
        ValueError: with the reason and the remedy.
    """
    application, version = db.pragma("application_id"), db.pragma("user_version")
    if application != APPLICATION and (application or version or db.execute("SELECT 1 FROM sqlite_schema").fetchone()):
        msg = "is a database of another program; choose another data folder"
        raise ValueError(msg)
    if version > VERSION:
        msg = (
            f"was written by a newer version of the hub (tables {version}, this one knows {VERSION});"
            " install that version again, or choose another data folder"
        )
        raise ValueError(msg)


def update(db: apsw.Connection) -> None:
    """Bring the tables to this version, in one transaction."""
    version = db.pragma("user_version")
    if version == VERSION:
        return
    with db:
        for step in STEPS[version:]:
            db.execute(step)
        db.pragma("application_id", APPLICATION)
        db.pragma("user_version", VERSION)
