"""The tables of the roll-ups, and how rows become one (see `hub.store.rollups`)."""

from hub.model import NS

MINUTE, HOUR = 60 * NS, 3600 * NS

TABLES = """
CREATE TABLE hourly(             -- what the readings of an hour come to; bad ones only counted
  series INTEGER NOT NULL, run INTEGER NOT NULL,
  at INTEGER NOT NULL,           -- hours since 1970
  count INTEGER NOT NULL,        -- of readings that are not bad
  total REAL NOT NULL,           -- their sum
  low REAL, high REAL,
  first INTEGER, last INTEGER,   -- ns
  bad INTEGER NOT NULL,          -- how many bad ones
  worst INTEGER,                 -- 1: one is uncertain
  fine INTEGER NOT NULL DEFAULT 0, -- 1: its minutes are in `minutely`
  PRIMARY KEY(series, run, at)
) WITHOUT ROWID;
CREATE TABLE minutely(           -- the same of each minute, `at` since 1970, of hours with many readings
  series INTEGER NOT NULL, run INTEGER NOT NULL, at INTEGER NOT NULL, count INTEGER NOT NULL, total REAL NOT NULL,
  low REAL, high REAL, first INTEGER, last INTEGER, bad INTEGER NOT NULL, worst INTEGER,
  PRIMARY KEY(series, run, at)
) WITHOUT ROWID;
CREATE TABLE stale(              -- hours whose rows changed since: they have no roll-ups, and are read from their rows
  series INTEGER NOT NULL, run INTEGER NOT NULL, hour INTEGER NOT NULL, PRIMARY KEY(series, run, hour)
) WITHOUT ROWID;
CREATE TABLE gone(               -- up to when [ns] a curve's rows were let go: only roll-ups are left
  series INTEGER NOT NULL, run INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY(series, run)
) WITHOUT ROWID;
"""
VERSION = 6
"""Of store.db's tables: from there on it has roll-ups."""
MARK_ALL = f"""
INSERT OR IGNORE INTO stale
WITH RECURSIVE there(series, run, time) AS (
  SELECT series, run, (SELECT time FROM readings WHERE series = curve.series AND run = curve.run AND time >= 0
                       ORDER BY time LIMIT 1) FROM curve
  UNION ALL
  SELECT series, run, (SELECT time FROM readings WHERE series = there.series AND run = there.run
                       AND time >= (there.time / {HOUR} + 1) * {HOUR} ORDER BY time LIMIT 1)
  FROM there WHERE there.time IS NOT NULL)
SELECT series, run, time / {HOUR} FROM there WHERE time IS NOT NULL
"""  # noqa: S608 — own constants
"""Marks every hour that has readings, a seek each: of tables that had no roll-ups."""

OF_ROWS = """
count(*) FILTER (WHERE flags & 3 <> 2), total(value) FILTER (WHERE flags & 3 <> 2),
min(value) FILTER (WHERE flags & 3 <> 2), max(value) FILTER (WHERE flags & 3 <> 2),
min(time) FILTER (WHERE flags & 3 <> 2), max(time) FILTER (WHERE flags & 3 <> 2),
count(*) FILTER (WHERE flags & 3 = 2), max(flags & 3) FILTER (WHERE flags & 3 <> 2)"""
