import assert from "node:assert/strict";
import { test } from "node:test";
import { clamped, ended, leafed, timed } from "./guide.ts";

const plain = { ctrlKey: false, altKey: false, metaKey: false, defaultPrevented: false };

test("a guide ends at its last step and begins at its first", () => {
	assert.equal(clamped(-1, 7), 0);
	assert.equal(clamped(7, 7), 6);
	assert.equal(clamped(3, 7), 3);
	assert.equal(clamped(0, 0), 0);
});

test("a step ends the faults it names, or all that are on", () => {
	const faults = [
		{ name: "door_ajar", active: true },
		{ name: "gasket", active: true },
		{ name: "delivery", active: false },
	];
	assert.deepEqual(ended([], faults), []);
	assert.deepEqual(ended(["*"], faults), ["door_ajar", "gasket"]);
	assert.deepEqual(ended(["gasket", "delivery"], faults), ["gasket"]);
});

test("a presenter remote leafs forward and back, and nothing else does", () => {
	assert.equal(leafed({ ...plain, key: "PageDown" }), 1);
	assert.equal(leafed({ ...plain, key: "PageUp" }), -1);
	assert.equal(leafed({ ...plain, key: "ArrowDown" }), 0);
	assert.equal(leafed({ ...plain, key: "PageDown", ctrlKey: true }), 0);
});

test("a step tells how long it lasts, and when it lasts longer than it is to", () => {
	const steps = [{ minute: 0 }, { minute: 2 }, { minute: 5 }];
	const since = "2026-10-01T08:00:00Z";
	const at = (seconds: number) => Date.parse(since) + 1000 * seconds;
	assert.deepEqual(timed(steps, 0, since, at(127)), { passed: "2:07", minutes: 2, over: true });
	assert.deepEqual(timed(steps, 1, since, at(127.9)), { passed: "2:07", minutes: 3, over: false });
	assert.deepEqual(timed(steps, 2, since, at(3600)), { passed: "60:00", minutes: null, over: false });
	assert.deepEqual(timed(steps, 0, since, at(-5)), { passed: "0:00", minutes: 2, over: false });
	assert.equal(timed(steps, 0, null, at(0)), null);
	assert.equal(timed(steps, 3, since, at(0)), null);
});
