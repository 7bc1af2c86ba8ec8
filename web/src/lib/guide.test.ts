import assert from "node:assert/strict";
import { test } from "node:test";
import { clamped, ended, leafed } from "./guide.ts";

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
