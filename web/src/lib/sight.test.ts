import assert from "node:assert/strict";
import { test } from "node:test";
import { apart, begun, kept, newest, sight, standing, tells, untold } from "./sight.ts";
import type { Alarm, Device, Measure, Sentence, Usecase } from "./types.ts";

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

test("what is computed of values that are believed is no older than they are", () => {
	const share = { ...door, computed: true, value: 2, time: "2026-11-24T04:00:00Z", quality: "good" } as Measure;
	const there = new Map([[device.id, device]]);
	assert.equal(sight({ ...share, believed: true }, there, [], () => NOW).shown.state, "live");
	assert.equal(sight({ ...share, believed: true }, there, [], () => NOW, true).shown.state, "stale");
});

test("of a device that is kept from a screen nothing is told there", () => {
	const seen = sight(
		{ ...door, primary: false },
		new Map([[device.id, device]]),
		[alarm("a", { measure: "door_open" })],
		() => NOW,
	);
	const hidden = kept(seen);
	assert.equal(begun({ ...seen, origin: "missing" }).origin, "simulated", "its player is on the way, not missing");
	assert.equal(begun({ ...seen, origin: "real" }).origin, "real");
	assert.equal(begun({ ...seen, run: null }, "replay-1").run, "replay-1", "a recording says so before its first value");
	assert.equal(begun({ ...seen, run: "cold-1" }, "replay-1").run, "cold-1", "a value that is there is its own run's");
	assert.deepEqual([hidden.shown.value, hidden.raw, hidden.alarm, hidden.hidden], [null, null, null, true]);
	const says = (params: object) => ({ code: "calm", params, text: { fr: "", en: "" } }) as unknown as Sentence;
	assert.equal(tells(says({ door_open: 1 }), { door_open: hidden }), true);
	assert.equal(tells(says({ air: 3 }), { door_open: hidden }), false, "it speaks of another device");
	assert.equal(tells(says({ door_open: 1 }), { door_open: seen }), false, "it is shown");
	const large = { ...hidden, measure: { ...door, primary: true } };
	assert.equal(tells(says({}), { door_open: large }), true, "its silence is told without a number");
});

test("a value says that it is back to normal once no other alarm of its story stands", () => {
	const back = alarm("jump", { measure: "door_open", state: "returned" });
	const seen = (...alarms: Alarm[]) => sight(door, new Map([[device.id, device]]), alarms, () => NOW).alarm?.id ?? null;
	assert.equal(seen(back), "jump");
	assert.equal(seen(back, alarm("overload", {})), null);
	assert.equal(seen(back, alarm("overload", { state: "acknowledged" })), null);
	assert.equal(seen(back, alarm("other", { state: "returned" })), "jump");
	assert.equal(seen(back, alarm("open", { measure: "door_open" })), "open");
});

test("a story of another day comes back without its sentence, its run and what it had computed", () => {
	const index = { ...door, name: "index", computed: true, value: 3, time: "2026-11-24T05:00:00Z", quality: "good" };
	const before = {
		name: "silo",
		run: "silo-1",
		sentence: { code: "x" },
		measures: [door, index],
	} as unknown as Usecase;
	const after = untold(before);
	assert.deepEqual([after.name, after.run, after.sentence], ["silo", null, null]);
	assert.deepEqual(after.measures[0], door);
	assert.deepEqual([after.measures[1]?.value, after.measures[1]?.time, after.measures[1]?.name], [null, null, "index"]);
});

test("a recording's values are no news of the simulation that follows it, nor the other way round", () => {
	assert.equal(apart("replay-1", "cold-1"), true);
	assert.equal(apart("cold-1", "replay-1"), true);
	assert.equal(apart("cold-1", "cold-2"), false, "the same simulators go on");
	assert.equal(apart("real", "replay-1"), false, "a real device is always news");
	assert.equal(apart(null, "replay-1"), false);
});
