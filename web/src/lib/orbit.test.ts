import assert from "node:assert/strict";
import { test } from "node:test";
import { orbit } from "./orbit.ts";

test("a still picture stands elsewhere each minute, comes back, and never goes further than it may", () => {
	const places = Array.from({ length: 9 }, (_each, minute) => orbit(minute));
	assert.equal(new Set(places.map(String)).size, 9);
	assert.deepEqual(orbit(9), orbit(0));
	assert.deepEqual(orbit(2.9), orbit(2));
	for (const place of places) for (const share of place) assert.ok(Math.abs(share) <= 1);
	const sums = [0, 1].map((axis) => places.reduce((sum, place) => sum + (place[axis] ?? 0), 0));
	assert.deepEqual(sums, [0, 0]);
});
