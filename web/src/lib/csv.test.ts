import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, deviceOf, progressOf, split, wishOf } from "./csv.ts";
import type { Shape } from "./types.ts";

const SHAPE: Shape = {
	encoding: "utf-8-sig",
	separator: ";",
	decimal: ",",
	columns: ["Date", "Température (°C)", "Note", "CO₂ [ppm]"],
	headed: true,
	sample: [
		["24/11/2026 09:00", "21,5", "ok", ""],
		["24/11/2026 09:15", "1 022,25", "", "412"],
	],
};

test("a column's name is its channel, and its unit in brackets", () => {
	assert.deepEqual(split("Temp (°C)"), ["Temp", "°C"]);
	assert.deepEqual(split("Temp [°F]"), ["Temp", "°F"]);
	assert.deepEqual(split("Temp"), ["Temp", ""]);
	assert.deepEqual(split("(°C)"), ["(°C)", ""]);
	assert.deepEqual(split("a (b) (c)"), ["a (b)", "c"]);
});

test("columns with a number are taken, the time is none of them", () => {
	const columns = columnsOf(SHAPE, ["Date"]);
	assert.deepEqual(
		columns.map((each) => [each.name, each.taken, each.cells]),
		[
			["Température (°C)", true, ["21,5", "1 022,25"]],
			["Note", false, ["ok"]],
			["CO₂ [ppm]", true, ["412"]],
		],
	);
});

test("the hub is asked for what is taken, with units in brackets", () => {
	const columns = columnsOf(SHAPE, ["Date"]);
	const form = { device: " oven ", separator: ";", decimal: ",", tz: "Europe/Paris", time: ["Date", ""], columns };
	assert.deepEqual(wishOf(form), {
		device: "oven",
		map: { "Température (°C)": "Température [°C]", "CO₂ [ppm]": "CO₂ [ppm]" },
		time: ["Date"],
		separator: ";",
		decimal: ",",
		tz: "Europe/Paris",
	});
});

test("a device is called like its file, without what a topic forbids", () => {
	assert.equal(deviceOf("C:\\data\\four nord.csv"), "four nord");
	assert.equal(deviceOf("export.2026.csv"), "export.2026");
	assert.equal(deviceOf("a#b+c$.txt"), "a-b-c-");
	assert.equal(deviceOf(".csv"), "csv");
});

test("a file is read twice: half of the bar each", () => {
	assert.equal(progressOf("reading", 5, 10), 0.25);
	assert.equal(progressOf("reading", 20, 10), 0.5);
	assert.equal(progressOf("importing", 0, 10), 0.5);
	assert.equal(progressOf("importing", 10, 10), 1);
	assert.equal(progressOf("done", 10, 10), 1);
});
