import assert from "node:assert/strict";
import { test } from "node:test";
import { nowOf, preparing } from "./clock.ts";
import { judge } from "./state.ts";
import type { Scenario } from "./types.ts";

const NOW = Date.parse("2026-11-24T05:00:04Z");
const good = { value: 3.4, time: "2026-11-24T05:00:00Z", quality: "good" as const };

test("a fresh good value is live, with its age on its own timeline", () => {
	assert.deepEqual(judge(good, NOW, 600), { state: "live", value: 3.4, age: 4 });
});

test("what was never measured waits, and so does what is no number", () => {
	assert.equal(judge(null, NOW, 600).state, "waiting");
	assert.equal(judge({ ...good, time: null }, NOW, 600).state, "waiting");
	assert.deepEqual(judge({ ...good, value: Number.NaN }, NOW, 600), { state: "waiting", value: null, age: null });
});

test("beyond its silence a value is stale, at the limit it is not", () => {
	assert.equal(judge(good, NOW + 596_000, 600).state, "live");
	assert.equal(judge(good, NOW + 597_000, 600).state, "stale");
	assert.equal(judge(good, NOW + 1e9, null).state, "live");
});

test("a device that is offline is silent at once", () => {
	assert.equal(judge(good, NOW, 600, true).state, "stale");
});

test("a refused value prints no number, even when it is old", () => {
	assert.equal(judge({ ...good, quality: "bad" }, NOW, 600).value, null);
	assert.equal(judge({ ...good, quality: "bad" }, NOW + 1e9, 600).value, null);
});

test("an uncertain value is printed as such", () => {
	assert.deepEqual(judge({ ...good, quality: "uncertain" }, NOW, 600), { state: "uncertain", value: 3.4, age: 4 });
});

test("a value of the future has age zero, one on an unknown clock has none", () => {
	assert.equal(judge(good, NOW - 60_000, 600).age, 0);
	assert.equal(judge(good, null, 600).age, null);
});

test("a run's clock goes at its speed, stands when paused and when nobody hears of it", () => {
	const clock = { now: "2026-11-24T05:00:00Z", speed: 60, state: "running" };
	const start = Date.parse(clock.now);
	assert.equal(nowOf(clock, 1000), start + 60_000);
	assert.equal(nowOf({ ...clock, state: "paused" }, 1000), start);
	assert.equal(nowOf(clock, 1e9), start + 60 * 15_000);
	assert.equal(nowOf({ ...clock, now: "?" }, 0), null);
	assert.equal(nowOf(undefined, 0), null);
});

test("a simulation that stands still before anybody can steer it is making its past", () => {
	const still = { now: "2026-11-24T05:00:00Z", speed: 0, state: "preparing" };
	const told = (state: string) => ({ run: "sim-1", state }) as Scenario;
	assert.equal(preparing("sim-1", still, null), true);
	assert.equal(preparing("sim-1", still, { run: "another" } as Scenario), true);
	assert.equal(preparing("sim-1", still, told("preparing")), true);
	assert.equal(preparing("sim-1", still, told("paused")), false, "somebody paused it");
	assert.equal(preparing("sim-1", still, told("running")), true, "the hub is behind");
	assert.equal(preparing("sim-1", undefined, told("running")), true);
	assert.equal(preparing("sim-1", undefined, null), false);
	assert.equal(preparing("sim-1", { ...still, state: "running" }, told("running")), false);
	assert.equal(preparing("sim-1", { ...still, state: "paused" }, told("running")), false, "it goes on again");
	assert.equal(preparing("sim-1", { ...still, state: "paused" }, null), false, "somebody paused it");
	assert.equal(preparing("sim-1", { ...still, state: "running" }, null), false);
	assert.equal(preparing("real", still, null), false);
	assert.equal(preparing("replay-1", still, null), true, "what was recorded has a past, too");
	assert.equal(preparing("replay-1", still, { run: "replay-1", state: "paused" } as Scenario), false);
	assert.equal(preparing(null, undefined, null), false);
});
