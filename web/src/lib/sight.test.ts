import assert from "node:assert/strict";
import { test } from "node:test";
import { newest, sight, standing } from "./sight.ts";
import type { Alarm, Device, Measure, Usecase } from "./types.ts";

const NOW = Date.parse("2026-11-24T05:00:04Z");
const door = {
	name: "door_open",
	device: "zigbee2mqtt:door",
	channel: "contact",
	unit: null,
	decimals: 0,
	silence_s: 600,
	inverted: true,
} as Measure;
const device: Device = {
	id: "zigbee2mqtt:door",
	name: "door",
	family: "zigbee2mqtt",
	availability: null,
	simulated: false,
	run: "real",
	channels: [{ name: "contact", unit: null, value: 1, time: "2026-11-24T05:00:00Z", quality: "good" }],
};
const alarm = (id: string, more: Partial<Alarm>) =>
	({
		id,
		usecase: "cold_room",
		run: "r1",
		measure: "air",
		priority: "low",
		state: "unacknowledged",
		raised_at: "2026-11-24T05:00:00Z",
		past: false,
		...more,
	}) as Alarm;
const story = { name: "cold_room" } as Usecase;

test("a closed contact is a door that is not open", () => {
	const seen = sight(door, new Map([[device.id, device]]), [], () => NOW);
	assert.equal(seen.shown.value, 0);
	assert.equal(seen.origin, "real");
});

test("a role that nobody plays is missing, one whose device did not speak yet waits", () => {
	assert.equal(sight({ ...door, device: null }, new Map(), [], () => NOW).origin, "missing");
	assert.equal(sight(door, new Map(), [], () => NOW).shown.state, "waiting");
});

test("when the hub is not heard, nothing is live", () => {
	assert.equal(sight(door, new Map([[device.id, device]]), [], () => NOW, true).shown.state, "stale");
});

test("alarms to acknowledge come first, then by priority, then the newest", () => {
	const all = [
		alarm("seen", { state: "acknowledged", priority: "critical" }),
		alarm("low", {}),
		alarm("late", { raised_at: "2026-11-24T06:00:00Z" }),
		alarm("high", { priority: "high" }),
		alarm("over", { state: "normal" }),
		alarm("back", { state: "returned", priority: "critical" }),
	];
	assert.deepEqual(
		standing(all, story, "r1").map((each) => each.id),
		["high", "late", "low", "seen", "back"],
	);
});

test("another run's alarms, another story's and those of the past ring nobody", () => {
	const all = [
		alarm("run", { run: "r0" }),
		alarm("story", { usecase: "silo" }),
		alarm("past", { past: true, state: "returned" }),
	];
	assert.deepEqual(standing(all, story, "r1"), []);
});

test("what the story computes is the newest that was heard live, on its own run only", () => {
	const dew = { name: "dew", computed: true, value: 1, time: null, quality: null } as unknown as Measure;
	const told = { name: "cold_room", run: "r1", measures: [dew, door] } as unknown as Usecase;
	const news = { dew: { value: 2, time: "2026-11-24T05:00:00Z", quality: "good" as const, believed: true } };
	assert.deepEqual(
		newest(told, { run: "r1", measures: news }).map((each) => each.value),
		[2, undefined],
	);
	assert.equal(newest(told, { run: "r0", measures: news })[0]?.value, 1);
	assert.equal(newest(told, undefined)[0]?.value, 1);
});

test("what is made of something silent is silent too", () => {
	const dew = { ...door, computed: true, value: 2, time: "2026-11-24T05:00:00Z", quality: "good" } as Measure;
	const there = new Map([[device.id, device]]);
	assert.equal(sight({ ...dew, believed: true }, there, [], () => NOW).shown.state, "live");
	assert.equal(sight({ ...dew, believed: false }, there, [], () => NOW).shown.state, "stale");
});
