import assert from "node:assert/strict";
import { test } from "node:test";
import { shownAt, stepped, wholeTimes } from "./axis.ts";

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
