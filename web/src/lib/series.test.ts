import assert from "node:assert/strict";
import { test } from "node:test";
import {
	aligned,
	EMPTY,
	extended,
	extent,
	last,
	marks,
	seconds,
	since,
	stretches,
	thinned,
	track,
	valueAt,
} from "./series.ts";
import { change, way } from "./trend.ts";
import type { Alarm, Rule } from "./types.ts";

const one = { t: [0, 10, 20, 30], v: [1, 2, null, 4] };

test("times are told apart by their size: seconds, milliseconds, microseconds, nanoseconds, RFC 3339", () => {
	const at = 1_795_496_400;
	for (const same of [at, at * 1e3, at * 1e6, at * 1e9, "2026-11-24T05:00:00Z"]) assert.equal(seconds(same), at);
});

test("two runs are two curves with a gap between them", () => {
	const series = { device: "d", channel: "c", unit: null, run: "r" };
	const found = track([
		{ ...series, t: [1, 2], v: [1, 2] },
		{ ...series, t: [5], v: [3] },
	]);
	assert.deepEqual(found.v, [1, 2, null, 3]);
});

test("what arrives live goes on where the history ended; older and equal points are known already", () => {
	const longer = extended(one, [[40, 5]], null);
	assert.deepEqual(longer.t, [0, 10, 20, 30, 40]);
	assert.equal(extended(longer, [[40, 9]], null), longer);
	assert.deepEqual(extended(EMPTY, [[7, 1]], 60).t, [7]);
});

test("after a silence the curve has a gap, not a straight line", () => {
	assert.deepEqual(extended(one, [[1000, 5]], 600).v, [1, 2, null, 4, null, 5]);
	assert.deepEqual(extended(one, [[600, 5]], 600).v, [1, 2, null, 4, 5]);
});

test("what has left the window is forgotten, but the line still reaches its edge", () => {
	assert.deepEqual(since(one, 15).t, [10, 20, 30]);
	assert.deepEqual(since(one, 100).t, [30]);
	assert.equal(since(one, -5), one);
});

test("curves on one axis: no point is not a gap", () => {
	const [times, a, b] = aligned([one, { t: [10, 25], v: [7, 8] }]);
	assert.deepEqual(times, [0, 10, 20, 25, 30]);
	assert.deepEqual(a, [1, 2, null, undefined, 4]);
	assert.deepEqual(b, [undefined, 7, undefined, 8, undefined]);
});

test("gaps count for nothing in the extent, the last value and the value under the pointer", () => {
	assert.deepEqual(extent([one]), [1, 4]);
	assert.equal(extent([EMPTY]), null);
	assert.deepEqual(last({ t: [1, 2], v: [3, null] }), { t: 1, v: 3 });
	assert.equal(valueAt(one, 15), 2);
	assert.equal(valueAt(one, 25), null);
	assert.equal(valueAt(one, -1), null);
});

test("a door's contact becomes the stretches in which it was open", () => {
	const door = { t: [0, 10, 20, 30, 40], v: [0, 1, 0, null, 1] };
	assert.deepEqual(stretches(door, 0.5, 60), [
		[10, 20],
		[40, 60],
	]);
});

test("an alarm is a mark on its own run's time-line, with the moment its delay began", () => {
	const alarm = {
		id: "a",
		rule: "air_high",
		measure: "air",
		run: "r1",
		raised_at: "2026-11-24T05:15:00Z",
		returned_at: null,
		past: false,
	} as Alarm;
	const rules = [{ id: "air_high", on_delay_s: 900 } as Rule];
	const [found] = marks([alarm, { ...alarm, run: "r0" }, { ...alarm, measure: "door" }], "r1", ["air"], rules);
	assert.equal(found?.at, seconds("2026-11-24T05:15:00Z"));
	assert.equal(found?.from, seconds("2026-11-24T05:00:00Z"));
	assert.equal(marks([alarm], "r2", ["air"], rules).length, 0);
	assert.equal(marks([alarm], "r1", ["power"], rules).length, 0);
	assert.equal(marks([alarm], "r1", ["power"], rules, "air_high").length, 1, "what rings is on any time-line");
});

test("a value rises, falls or is steady over a quarter of an hour; too little history says nothing", () => {
	const rising = { t: [0, 450, 900], v: [3, 4, 7] };
	assert.equal(change(rising, 900), 4);
	assert.equal(change({ t: [0, 450], v: [3, 4] }, 900), null);
	assert.equal(change({ t: [0, 5000], v: [3, 4] }, 900), null);
	assert.equal(way(4, 0.3), "up");
	assert.equal(way(-4, 0.3), "down");
	assert.equal(way(0.1, 0.3), "steady");
	assert.equal(way(null, 0.3), null);
});

test("several points come at once, with the gaps between them, and late ones are left out", () => {
	const longer = extended(
		EMPTY,
		[
			[1, 5],
			[2, null],
			[1.5, 9],
			[100, 6],
		],
		60,
	);
	assert.deepEqual(longer, { t: [1, 2, 2.001, 100], v: [5, null, null, 6] });
});

test("a curve that has become too long keeps its peaks, its ends and its gaps", () => {
	const t = Array.from({ length: 36_000 }, (_each, at) => at / 10);
	const v = t.map((time): number | null => (time === 1234.5 ? 99 : time === 2345.6 ? null : Math.sin(time)));
	const shorter = thinned({ t, v }, 3600);
	assert.ok(shorter.t.length <= 3600 && shorter.t.length > 900);
	assert.equal(shorter.v[shorter.t.indexOf(1234.5)], 99);
	assert.equal(shorter.v[shorter.t.indexOf(2345.6)], null);
	assert.ok(shorter.t.every((time, at) => at === 0 || time > (shorter.t[at - 1] ?? 0)));
	const ends = extent([shorter]);
	assert.deepEqual(ends, extent([{ t, v }]));
	assert.equal(thinned(shorter, 3600), shorter);
});

test("a curve that cannot be made shorter stays as it is", () => {
	const zigzag = { t: [1, 2, 3, 4], v: [1, null, 3, null] };
	assert.ok(thinned(zigzag, 1).t.length >= 1);
	assert.deepEqual(thinned(EMPTY, 0), EMPTY);
});
