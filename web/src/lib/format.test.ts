import assert from "node:assert/strict";
import { test } from "node:test";
import { steady } from "./channels.ts";
import {
	day,
	dayOfYear,
	decimalsOf,
	duration,
	number,
	offsetMinutes,
	plain,
	quantity,
	time,
	within,
} from "./format.ts";

test("a French number has a decimal comma and narrow spaces, an English one a point and commas", () => {
	assert.equal(number(1234.56, 1, "fr"), "1\u202f234,6");
	assert.equal(number(1234.56, 1, "en"), "1,234.6");
	assert.equal(number(1234567, 0, "fr"), "1\u202f234\u202f567");
});

test("the minus is a real one, and zero has no sign", () => {
	assert.equal(number(-3.2, 1, "fr"), "\u22123,2");
	assert.equal(number(-0.01, 1, "fr"), "0,0");
	assert.equal(number(4, 0, "fr", true), "+4");
	assert.equal(number(0, 0, "fr", true), "0");
});

test("a half goes to the even digit, as in the hub's sentences", () => {
	for (const [value, decimals, shown] of [
		[612.5, 0, "612"],
		[613.5, 0, "614"],
		[7.25, 1, "7.2"],
		[0.05, 1, "0.1"],
		[2.675, 2, "2.67"],
		[1e21, 0, "1,000,000,000,000,000,000,000"],
		[-0.5, 0, "0"],
	] as const) {
		assert.equal(number(value, decimals, "en"), shown);
	}
});

test("what is no number is a dash, never NaN", () => {
	for (const nothing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
		assert.equal(number(nothing, 1, "fr"), "–");
	}
});

test("a narrow space stands before degrees and per cent in French, a no-break space before letters", () => {
	assert.equal(quantity(7.2, "°C", 1, "fr"), "7,2\u202f°C");
	assert.equal(quantity(62, "%", 0, "fr"), "62\u202f%");
	assert.equal(quantity(1000, "W", 0, "fr"), "1\u202f000\u00a0W");
	assert.equal(quantity(62, "%", 0, "en"), "62%");
	assert.equal(quantity(7.2, "°C", 1, "en"), "7.2\u00a0°C");
	assert.equal(quantity(3, null, 0, "fr"), "3");
	assert.equal(quantity(5.7, "days", 1, "fr"), "5,7\u00a0jours");
	assert.equal(quantity(5.7, "days", 1, "en"), "5.7\u00a0days");
	assert.equal(quantity(214, "kg/day", 0, "fr"), "214\u00a0kg/jour");
});

test("a channel keeps the decimals that it once had, and a large value shows none", () => {
	const decimals = steady();
	assert.deepEqual(
		[3.1, 3, 21.75, 3.2, 1013.25].map((value) => decimals("temperature", value)),
		[1, 1, 2, 2, 0],
	);
	assert.equal(decimals("battery", 3), 0);
});

test("a number without precision shows three significant figures and no needless ones", () => {
	assert.equal(plain(1001.2, "fr"), "1\u202f001");
	assert.equal(plain(21.74, "fr"), "21,7");
	assert.equal(plain(0.25, "fr"), "0,25");
	assert.equal(plain(4, "fr"), "4");
	assert.equal(decimalsOf(0.1), 1);
});

test("a span is said as people say it: 12 s, 4 min, 1 h 50, 3 jours", () => {
	assert.equal(duration(12.9, "fr"), "12\u00a0s");
	assert.equal(duration(240, "fr"), "4\u00a0min");
	assert.equal(duration(6600, "fr"), "1\u00a0h\u00a050");
	assert.equal(duration(6600, "en"), "1\u00a0h\u00a050\u00a0min");
	assert.equal(duration(3900, "fr"), "1\u00a0h\u00a005");
	assert.equal(duration(7200, "fr"), "2\u00a0h");
	assert.equal(duration(3 * 86_400, "fr"), "3\u00a0jours");
	assert.equal(duration(1, "fr"), "1\u00a0s");
	assert.equal(duration(0.9, "fr"), "un\u00a0instant");
	assert.equal(duration(-5, "en"), "a\u00a0moment");
});

test("times are shown in the hub's zone where it said one, summer and winter", () => {
	const winter = Date.parse("2026-11-24T04:12:00Z");
	assert.equal(time(winter, "Europe/Paris"), "05:12");
	assert.equal(time(Date.parse("2026-11-24T23:00:00Z"), "Europe/Paris"), "00:00");
	assert.equal(offsetMinutes(winter, "Europe/Paris"), 60);
	assert.equal(offsetMinutes(Date.parse("2026-07-24T04:12:34Z"), "Europe/Paris"), 120);
});

test("a day of another year says which", () => {
	const at = Date.parse("2036-11-28T12:00:00Z");
	assert.match(dayOfYear(at, "fr", "UTC"), /^vendredi 28 novembre 2036$/);
	assert.match(dayOfYear(at, "en", "UTC"), /^Friday,? 28 November 2036$/);
	assert.doesNotMatch(day(at, "fr", "UTC"), /2036/);
});

test("a title inside a line begins small, but a formula stays one", () => {
	assert.deepEqual(["Air", "Énergie du jour", "CO₂", "T max", ""].map(within), [
		"air",
		"énergie du jour",
		"CO₂",
		"T max",
		"",
	]);
});
