import assert from "node:assert/strict";
import { test } from "node:test";
import {
	addressOf,
	bounds,
	charts,
	chosen,
	elsewhere,
	moved,
	MOST,
	pause,
	pulled,
	RANGES,
	stamp,
	tick,
	viewAt,
	zoomed,
} from "./past.ts";
import { table, type Row } from "./table.ts";

const view = viewAt("?c=tasmota:probe/temperature&span=3600");

test("an address says what is shown, and is the same again", () => {
	const search = "c=a%3Ab%2Fx&c=generic%3Ac%2Fd%2Fy&span=86400&to=1764000000&view=stacked&run=r-1&session=s1";
	const found = viewAt(`?${search}`);
	assert.deepEqual(found.sources, [
		{ device: "a:b", channel: "x" },
		{ device: "generic:c/d", channel: "y" },
	]);
	assert.equal(addressOf(found), `/history?${search}`);
	assert.equal(addressOf(viewAt("")), "/history?span=3600");
});

test("a measure that is computed stands in an address beside channels, in order", () => {
	const search = "m=greenhouse%2Fdew&c=a%3Ab%2Fx&span=3600";
	const found = viewAt(`?${search}`);
	assert.deepEqual(found.sources, [
		{ device: "greenhouse", channel: "dew", computed: true },
		{ device: "a:b", channel: "x" },
	]);
	assert.equal(addressOf(found), `/history?${search}`);
	assert.equal(viewAt("?m=a/b&c=a/b").sources.length, 2);
});

test("another timeline is looked at from its end", () => {
	const there = elsewhere({ ...view, to: 10_000, run: "r-1" }, null, "s1");
	assert.deepEqual([there.run, there.session, there.to], [null, "s1", null]);
});

test("what is no channel, no number or too much is left out of an address", () => {
	const many = Array.from({ length: 20 }, (_, at) => `c=a:b/x${at}`).join("&");
	assert.equal(viewAt(`?${many}`).sources.length, MOST);
	assert.deepEqual(viewAt("?c=&c=/x&c=a:b/&c=a&c=a:b/x&c=a:b/x").sources, [{ device: "a:b", channel: "x" }]);
	assert.equal(viewAt("?span=NaN").span, 3600);
	assert.equal(viewAt("?span=1").span, RANGES[0]);
	assert.equal(viewAt("?span=1e12").span, 366 * 86_400);
	for (const to of ["-1", "soon", "1e99", ""]) assert.equal(viewAt(`?to=${to}`).to, null);
});

test("closer and farther keep the middle; what goes on keeps its right edge", () => {
	const fixed = { ...view, to: 10_000 };
	assert.deepEqual([zoomed(fixed, 0.5).span, zoomed(fixed, 0.5).to], [1800, 9100]);
	assert.deepEqual([zoomed(fixed, 2).span, zoomed(fixed, 2).to], [7200, 11_800]);
	assert.equal(zoomed(view, 2).to, null);
	assert.equal(zoomed({ ...view, span: 60 }, 0.5).span, 60);
});

test("one moves by half a width, and comes back to now", () => {
	const earlier = moved(view, -1, 100_000);
	assert.equal(earlier.to, 98_200);
	assert.equal(moved(earlier, -1, 100_000).to, 96_400);
	assert.equal(moved(earlier, 1, 100_000).to, null);
});

test("a stretch that was drawn fills the picture, but never less than a minute", () => {
	assert.deepEqual([chosen(view, 1000, 2000).span, chosen(view, 1000, 2000).to], [1000, 2000]);
	assert.deepEqual([chosen(view, 1000, 1010).span, chosen(view, 1000, 1010).to], [60, 1035]);
});

test("curves of one timeline share a chart by two units; stacked, none does", () => {
	const of = (key: string, run: string, unit: string | null) => ({ key, run, unit });
	const all = [
		of("a", "real", "°C"),
		of("b", "real", "%"),
		of("c", "run", "°C"),
		of("d", "real", null),
		of("e", "real", "%"),
	];
	const keys = (found: { key: string }[][]) => found.map((chart) => chart.map((each) => each.key).join(""));
	assert.deepEqual(keys(charts(all, false)), ["abe", "c", "d"]);
	assert.deepEqual(keys(charts(all, true)), ["a", "b", "c", "d", "e"]);
	assert.deepEqual(charts([], false), []);
});

test("an axis has air around its curve, and none below zero that the curve never was", () => {
	assert.deepEqual(bounds(null), [0, 1]);
	const [low, high] = bounds([0, 10]);
	assert.ok(low === 0 && high > 10);
	const [flatLow, flatHigh] = bounds([5, 5]);
	assert.ok(flatLow < 5 && flatHigh > 5);
	assert.ok(bounds([-1, 1])[0] < -1);
});

test("a moment is told as precisely as the stretch shown needs", () => {
	const at = Date.parse("2026-11-24T09:30:12Z") / 1000;
	assert.equal(stamp(at, 60, "en", "UTC"), "09:30:12");
	assert.equal(stamp(at, 3600, "en", "UTC"), "09:30");
	assert.match(stamp(at, 7 * 86_400, "fr", "UTC"), /^mar\. 24 09:30$/);
	assert.match(stamp(at, 365 * 86_400, "fr", "UTC"), /^24 nov\. 09:30$/);
	const midnight = Date.parse("2026-11-24T00:00:00Z") / 1000;
	assert.match(tick(midnight, 86_400, "en", "UTC"), /^Tue 24$/);
	assert.match(tick(at, 365 * 86_400, "en", "UTC"), /^24 Nov$/);
});

test("curves that go on are asked for no more often than they move, and never at a gallop", () => {
	assert.equal(pause(60, 1), 2000);
	assert.equal(pause(86_400, 1), 30_000);
	assert.equal(pause(86_400, 60), 4800);
});

const row: Row = {
	time: "2026-11-24T09:00:00Z",
	device: "tasmota:probe",
	channel: "temperature",
	value: 3.5,
	unit: "°C",
	quality: "good",
	simulated: true,
	run: "cold_room-1",
};

test("a table opens in an English and in a French spreadsheet", () => {
	assert.equal(
		table([row], "en"),
		"time,device,channel,value,unit,quality,simulated,run\r\n2026-11-24T09:00:00Z,tasmota:probe,temperature,3.5,°C,good,true,cold_room-1\r\n",
	);
	const french = table([row], "fr");
	assert.ok(french.startsWith("\ufefftime;device;"));
	assert.ok(french.includes(";3,5;°C;"));
});

test("no cell is calculated, none breaks its line", () => {
	const found = table([{ ...row, device: '=cmd"|x', channel: "a,b\nc", unit: null }], "en");
	assert.ok(found.includes(`,"'=cmd""|x","a,b\nc",3.5,,good`));
});

test("one finger takes the picture along, and past now it goes on with the time", () => {
	assert.deepEqual(pulled([1000, 2000], [0.5], [0.5]), [1000, 2000]);
	assert.deepEqual(pulled([1000, 2000], [0.5], [0.75]), [750, 1750]);
	assert.deepEqual(pulled([1000, 2000], [], []), [1000, 2000]);
	assert.equal(chosen(view, 750, 1750, 2000).to, 1750);
	assert.equal(chosen(view, 1250, 2250, 2000).to, null);
});

test("two fingers keep the moments that they hold, whichever came first, and nothing is nearer than a minute", () => {
	const [from, to] = pulled([1000, 2000], [0.4, 0.6], [0.2, 0.6]);
	assert.ok(Math.abs(from + 0.2 * (to - from) - 1400) < 1e-6);
	assert.ok(Math.abs(from + 0.6 * (to - from) - 1600) < 1e-6);
	assert.deepEqual(pulled([1000, 2000], [0.6, 0.4], [0.6, 0.2]), [from, to]);
	const near = pulled([1000, 2000], [0.5, 0.5], [0, 1]);
	assert.equal(near[1] - near[0], 60);
	const far = pulled([1000, 2000], [0, 1], [0.5, 0.5]);
	assert.equal(far[1] - far[0], 25_000);
	assert.equal((far[0] + far[1]) / 2, 1500);
});
