import assert from "node:assert/strict";
import { test } from "node:test";
import { type Drawn, moments, panels } from "./around.ts";
import type { Why } from "./types.ts";

const around: Why["chart"] = {
	run: "cold-room-1",
	start: "2026-11-27T08:00:00Z",
	stop: "2026-11-27T09:00:00Z",
	series: [],
	limits: [
		{ measure: "power", value: 50, low: true, label: { fr: "50 W", en: "50 W" } },
		{ measure: "air", value: 4, low: false, label: { fr: "4 °C", en: "4 °C" } },
	],
};

function drawn(measure: string, unit: string | null, v: (number | null)[], t = v.map((_value, at) => at)): Drawn {
	return {
		measure,
		unit,
		title: { fr: measure, en: measure },
		decimals: 1,
		device: null,
		channel: "",
		track: { t, v },
	};
}

test("one panel a unit, the rule's own first, each with the limits of its measures", () => {
	const found = panels(around, [drawn("power", "W", [0, 1000]), drawn("air", "°C", [3, 5]), drawn("dew", "°C", [1])]);
	assert.deepEqual(
		found.map((each) => [each.unit, each.curves.map((curve) => curve.measure)]),
		[
			["W", ["power"]],
			["°C", ["air", "dew"]],
		],
	);
	assert.deepEqual(
		found.map((each) => each.limits.map((limit) => limit.value)),
		[[50], [4]],
	);
});

test("what stayed at nothing all the time has no panel but the rule's own", () => {
	const found = panels(around, [
		drawn("gone", "kg", [0, 0]),
		drawn("auger", "s", [0, 0, null]),
		drawn("hatch", "W", [0, 1]),
	]);
	assert.deepEqual(
		found.map((each) => each.unit),
		["kg", "W"],
	);
});

test("what is on or off is a strip under the first panel", () => {
	const [first, ...rest] = panels(around, [drawn("door", null, [0, 1, 1, 0]), drawn("air", "°C", [3, 5])]);
	assert.deepEqual(rest, []);
	assert.deepEqual(first?.strips, [{ title: { fr: "door", en: "door" }, stretches: [[1, 3]] }]);
});

test("with nothing else to draw, what is on or off is the curve", () => {
	const [first] = panels(around, [drawn("wet", null, [0, 1])]);
	assert.deepEqual(
		first?.curves.map((each) => each.measure),
		["wet"],
	);
	assert.deepEqual(first?.strips, []);
	assert.equal(first?.switched, true);
	assert.deepEqual(first?.curves[0]?.track, { t: [0, 0.999, 1], v: [0, 0, 1] });
});

test("a number without unit that is neither 0 nor 1 is a curve", () => {
	assert.equal(panels(around, [drawn("zone", null, [0, 1, 2])])[0]?.curves?.length, 1);
});

test("a measure of which nothing is known is left out", () => {
	assert.deepEqual(panels(around, [drawn("air", "°C", [])]), []);
});

test("the bracket goes from where the condition began to the alarm", () => {
	const why = { alarm: "a", rule: "air_high", returned_at: null } as Why;
	const at = moments({ ...why, since: "2026-11-27T08:00:00Z", raised_at: "2026-11-27T08:15:00Z" });
	assert.deepEqual([at.delay, at.at - at.from, at.returned], [900, 900, null]);
	const known = moments({
		...why,
		since: null,
		raised_at: "2026-11-27T08:15:00Z",
		returned_at: "2026-11-27T08:20:00Z",
	});
	assert.deepEqual([known.delay, (known.returned ?? 0) - known.at], [0, 300]);
});
