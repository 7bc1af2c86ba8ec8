import assert from "node:assert/strict";
import { test } from "node:test";
import { begins, bell, heeded, living, titled, waiting } from "./siren.ts";
import type { Alarm, Flood } from "./types.ts";

const alarm = (id: string, more: Partial<Alarm> = {}) =>
	({ id, run: "real", priority: "high", state: "unacknowledged", past: false, ...more }) as Alarm;

const clock = (state = "running") => ({ now: "2026-11-24T05:00:00Z", speed: 1, state });

test("an urgent alarm rings until somebody has acknowledged it or it is over", () => {
	assert.deepEqual(bell([alarm("a")], {}), { keys: ["a"], insists: false });
	for (const state of ["acknowledged", "returned", "normal", "shelved"] as const) {
		assert.deepEqual(bell([alarm("a", { state })], {}).keys, [], state);
	}
});

test("a story that ended calls nobody, though nobody acknowledged its alarms", () => {
	const runs = { real: clock(), now: clock(), over: clock("ended") };
	const left = living(
		[alarm("a"), alarm("b", { run: "now" }), alarm("c", { run: "over" }), alarm("d", { run: "gone" })],
		runs,
	);
	assert.deepEqual(
		left.map((each) => each.id),
		["a", "b"],
	);
});

test("what is kept from the room rings nowhere while it is, and then as ever", () => {
	const alarms = [alarm("a", { device: "probe" }), alarm("b", { device: "door" })];
	const heard = (hidden: boolean) => heeded(alarms, new Map([["probe", { hidden }]])).map((each) => each.id);
	assert.deepEqual(heard(true), ["b"]);
	assert.deepEqual(heard(false), ["a", "b"]);
});

test("a loss that is happening insists", () => {
	assert.equal(bell([alarm("a", { priority: "critical" })], {}).insists, true);
});

test("what is for today or to know rings nobody, nor what back-fill raised", () => {
	const quiet = [alarm("a", { priority: "medium" }), alarm("b", { priority: "low" }), alarm("c", { past: true })];
	assert.deepEqual(bell(quiet, {}).keys, []);
});

test("a flood is one bell; an alarm outside it has its own", () => {
	const flood = { since: "t", alarms: ["a", "b"] } as unknown as Flood;
	const found = bell([alarm("a"), alarm("b"), alarm("c")], { real: flood });
	assert.deepEqual(found.keys, ["flood real t", "c"]);
});

test("it rings anew only for what did not ring before", () => {
	assert.equal(begins([], ["a"]), true);
	assert.equal(begins(["a", "b"], ["b"]), false);
});

test("the title counts what waits, and is itself when nothing does", () => {
	const alarms = [alarm("a", { priority: "low" }), alarm("b", { state: "acknowledged" }), alarm("c", { past: true })];
	assert.equal(waiting(alarms), 1);
	assert.equal(titled("Live", 1), "(1) Live");
	assert.equal(titled("Live", 0), "Live");
});
