import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, follows, joined, type Picture, withAlarm } from "./frames.ts";
import type { Alarm, Delta, Device, Full, Vote } from "./types.ts";

const probe: Device = {
	id: "tasmota:a7",
	name: "a7",
	family: "tasmota",
	availability: "online",
	simulated: false,
	run: "real",
	channels: [{ name: "temperature", unit: "°C", value: 3.4, time: "2026-11-24T05:00:00Z", quality: "good" }],
};
const full: Full = {
	seq: 4,
	type: "full",
	now: "2026-11-24T05:00:01Z",
	role: "facilitator",
	runs: { real: { now: "2026-11-24T05:00:01Z", speed: 1 } },
	devices: [probe],
	alarms: [],
	sentences: {},
	computed: {},
	chosen: {},
	scenario: null,
	vote: null,
	parts: {},
	messages: 2,
};
const delta = (more: Partial<Delta>): Delta => ({ seq: 5, type: "delta", now: "2026-11-24T05:00:02Z", ...more });
const value = (more: object) => ({
	device: "tasmota:a7",
	channel: "temperature",
	value: 3.5,
	time: "2026-11-24T05:00:02Z",
	quality: "good" as const,
	run: "real",
	...more,
});
const known = (picture: Picture | null) => picture?.devices.get("tasmota:a7")?.channels[0]?.value;

test("a delta before any full frame says nothing", () => {
	assert.equal(apply(null, delta({})), null);
});

test("a value in a delta replaces the channel's, and what did not change stays the same object", () => {
	const before = apply(null, full);
	const after = apply(before, delta({ values: [value({})] }));
	assert.equal(known(after), 3.5);
	assert.equal(after?.alarms, before?.alarms);
	assert.equal(after?.role, "facilitator");
	assert.equal(apply(before, delta({}))?.devices, before?.devices);
});

test("an older measure replaces nothing, and neither does one of another run", () => {
	const before = apply(null, full);
	assert.equal(known(apply(before, delta({ values: [value({ time: "2026-11-24T04:59:00Z" })] }))), 3.4);
	assert.equal(known(apply(before, delta({ values: [value({ run: "cold-room-1" })] }))), 3.4);
});

test("a channel that nobody announced is added, a device that nobody announced is not", () => {
	const after = apply(
		apply(null, full),
		delta({ values: [value({ channel: "humidity", value: 40 }), value({ device: "x:y" })] }),
	);
	assert.equal(after?.devices.get("tasmota:a7")?.channels[1]?.value, 40);
	assert.equal(after?.devices.size, 1);
});

test("devices come, change and go without a new full frame", () => {
	const two = apply(apply(null, full), delta({ devices: [{ ...probe, id: "tasmota:b8", name: "b8" }] }));
	assert.deepEqual([...(two?.devices.keys() ?? [])], ["tasmota:a7", "tasmota:b8"]);
	const one = apply(two, delta({ seq: 6, forgotten: ["tasmota:a7"] }));
	assert.deepEqual([...(one?.devices.keys() ?? [])], ["tasmota:b8"]);
});

test("a full frame keeps the objects of devices that are as they were", () => {
	const before = apply(null, full);
	const after = apply(before, { ...full, seq: 9, devices: [structuredClone(probe)] });
	assert.equal(after?.devices.get("tasmota:a7"), before?.devices.get("tasmota:a7"));
});

test("a vote stays until a delta says another, or none", () => {
	const vote: Vote = { id: "v", question: "?", options: ["a", "b"], state: "open", counts: [1, 0] };
	const before = apply(null, { ...full, vote });
	assert.equal(apply(before, delta({}))?.vote, vote);
	assert.equal(apply(before, delta({ vote: null }))?.vote, null);
});

test("a scenario that ended is gone, one that a delta does not name stays", () => {
	const story = { usecase: "cold_room", run: "r", time: "", speed: 1, seed: 7, faults: [] };
	const before = apply(null, { ...full, scenario: story });
	assert.equal(apply(before, delta({}))?.scenario, story);
	assert.equal(apply(before, delta({ scenario: null }))?.scenario, null);
});

test("an alarm that was just acknowledged is shown before the frame that says so", () => {
	const alarm = { id: "a", state: "unacknowledged" } as Alarm;
	const before = apply(null, { ...full, alarms: [alarm] });
	assert.equal(withAlarm(before, { ...alarm, state: "acknowledged" })?.alarms.get("a")?.state, "acknowledged");
	assert.equal(withAlarm(null, alarm), null);
});

test("a hole in the numbering is seen", () => {
	const before = apply(null, full);
	assert.equal(follows(before, delta({ seq: 5 })), true);
	assert.equal(follows(before, delta({ seq: 7 })), false);
	assert.equal(follows(null, delta({})), false);
	assert.equal(follows(null, full), true);
});

test("what a delta says is another device now is told once, with both names", () => {
	const before = apply(null, { ...full, devices: [probe, { ...probe, id: "homeassistant:a7", name: "Probe" }] });
	const frame = delta({
		devices: [{ ...probe, merged: ["homeassistant:a7", "generic:a7"] }],
		forgotten: ["homeassistant:a7"],
	});
	assert.deepEqual(joined(before, frame), [{ id: "homeassistant:a7", name: "Probe", into: "a7" }]);
	assert.deepEqual(joined(apply(before, frame), { ...frame, seq: 6 }), []);
	assert.deepEqual(joined(null, frame), []);
});

test("which stories are off comes with the press and stays until somebody says otherwise", () => {
	const before = apply(null, full);
	assert.equal(before?.off, null);
	const off = apply(before, delta({ off: ["silo"] }));
	assert.deepEqual(off?.off, ["silo"]);
	assert.deepEqual(apply(off, delta({ seq: 6 }))?.off, ["silo"]);
	assert.deepEqual(apply(off, delta({ seq: 6, off: [] }))?.off, []);
});
