import assert from "node:assert/strict";
import { test } from "node:test";
import { heights, shownAt, spread, stepped, wholeTimes } from "./axis.ts";

const at = (time: string) => Date.parse(`2026-11-24T${time}Z`) / 1000;
const said = (times: number[]) => times.map((time) => new Date(time * 1000).toISOString().slice(11, 16));

test("an axis ticks at whole local times, also where the zone is half an hour off", () => {
	assert.deepEqual(said(wholeTimes(at("05:12:00"), at("07:12:00"), 4, 60)), ["05:30", "06:00", "06:30", "07:00"]);
	assert.deepEqual(said(wholeTimes(at("05:12:00"), at("08:12:00"), 3, 330)), ["05:30", "06:30", "07:30"]);
});

test("however long the span, there are about as many ticks as there is room for", () => {
	for (const hours of [0.1, 2, 24, 24 * 30, 24 * 365]) {
		for (const most of [1, 6, 14]) {
			const found = wholeTimes(0, hours * 3600, most, 60);
			assert.ok(found.length <= most + 1, `${hours} h in ${most}: ${found.length}`);
		}
	}
});

test("the keyboard goes from point to point and stops at both ends", () => {
	const times = [10, 20, 30];
	assert.equal(stepped(times, null, 1), 30);
	assert.equal(stepped(times, null, Number.NEGATIVE_INFINITY), 10);
	assert.equal(stepped(times, 20, 1), 30);
	assert.equal(stepped(times, 20, -1), 10);
	assert.equal(stepped(times, 30, 10), 30);
	assert.equal(stepped(times, 10, Number.POSITIVE_INFINITY), 30);
	assert.equal(stepped(times, 5, 0), 10, "the point that was there has left the window");
	assert.equal(stepped([], 20, 1), null);
});

test("a silent curve has no value after its last point; one that speaks keeps it until the next", () => {
	const track = { t: [10, 20], v: [1, 2] };
	assert.equal(shownAt({ track, stale: false }, 25), 2);
	assert.equal(shownAt({ track, stale: true }, 25), null);
	assert.equal(shownAt({ track, stale: true }, 15), 1);
	assert.equal(shownAt({ track, stale: false }, 5), null);
	assert.equal(shownAt({ track: { t: [10, 10.001], v: [1, null] }, stale: false }, 15), null, "in a gap");
	assert.equal(shownAt({ track: { t: [], v: [] }, stale: false }, 15), null);
});

test("an axis goes below zero only where its quantity may", () => {
	const air = { units: ["ppm"], least: 1, bracketed: true };
	assert.equal(heights([405, 2400], [1500, 800], air)[0], 0, "under the bracket of a delay, too");
	assert.equal(heights([0, 0], [], { ...air, bracketed: false })[0], 0);
	assert.ok(heights([2, 9], [4], { units: ["°C"], least: 0.4, bracketed: true })[0] < 2);
	assert.ok(heights([-3, 1], [0], { units: ["°C"], least: 0.4, bracketed: false })[0] < -3);
	assert.equal(
		heights([-40, 300], [], { units: ["W"], least: 1, bracketed: true })[0],
		-40,
		"what was measured is seen",
	);
});

test("an axis has room for its values and for the limit that is told first", () => {
	const [low, high] = heights([900, 1000], [1500, 5000], { units: ["ppm"], least: 1, bracketed: false });
	assert.ok(low < 900 && high > 1500 && high < 5000);
});

test("names beside curves keep apart, stay beside their ends where there is room, and none is under the picture", () => {
	assert.deepEqual(spread([10, 50], 20, 100), [10, 50]);
	assert.deepEqual(spread([10, 12, 90], 20, 100), [10, 30, 90]);
	assert.deepEqual(spread([95, 95, 95], 20, 100), [60, 80, 100]);
	assert.deepEqual(spread([], 20, 100), []);
});
