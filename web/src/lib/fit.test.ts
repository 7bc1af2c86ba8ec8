import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, blank, breadth, kept, linesOf, widest } from "./fit.ts";
import type { Sight } from "./sight.ts";

const seen = (value: number | null, unit: string | null, decimals = 0) =>
	({ measure: { decimals }, unit, shown: { state: "live", value, age: 0 } }) as Sight;

test("each figure, the sign and the unit take room", () => {
	assert.ok(breadth("2\u202f953", "kg") > breadth("953", "kg"));
	assert.ok(breadth("953", "kg") > breadth("953", null));
	assert.ok(breadth("7,2", "NL/min") > breadth("7,2", "W"));
	assert.ok(breadth("−3,2", "°C") > breadth("3,2", "°C"));
});

test("values that stand beside each other take the size of the widest", () => {
	const flour = seen(2953, "kg");
	const left = seen(14.8, "days", 1);
	assert.equal(widest([flour, left], "fr"), Math.max(widest([flour], "fr"), widest([left], "fr")));
	assert.ok(widest([left], "fr") > widest([left], "en"), "jours has a letter more than days");
});

test("a number that is waited for takes the room of what stands in its place", () => {
	const waited = { ...seen(null, "days", 1), shown: { state: "waiting", value: null, age: null } } as Sight;
	assert.equal(widest([waited], "en"), breadth("–.–", "days"));
	assert.ok(widest([waited], "en") > breadth("–", "days"));
	assert.deepEqual([blank(1, "fr", true), blank(0, "fr", true), blank(1, "fr", false)], ["–,–", "–", "—"]);
});

test("a doubtful value has its sign beside it, and no more than that", () => {
	const doubted = { ...seen(1234, "W"), shown: { state: "uncertain", value: 1234, age: 0 } } as Sight;
	const more = widest([doubted], "fr") - widest([seen(1234, "W")], "fr");
	assert.ok(more > 0.57 && more < 0.7, `${more} em`);
	const counted = (text: string) => text.length;
	assert.equal(widest([seen(1234, "W")], "fr", counted), 5, "as whoever writes it measures it");
});

test("nothing to show takes room, too, and no value at all divides by nothing", () => {
	assert.ok(widest([seen(null, "kg")], "fr") >= 1);
	assert.equal(widest([], "fr"), 1);
});

test("a name has as many lines as its words need, however long one of them is", () => {
	const ruler = (text: string) => 10 * text.length;
	assert.equal(linesOf("Air", 100, ruler), 1);
	assert.equal(linesOf("Flow at the meter", 100, ruler), 2);
	assert.equal(linesOf("iiii iiii iiii", 90, ruler), 2, "not the sum of the letters: the words");
	assert.equal(linesOf("Température", 60, ruler), 1);
	assert.equal(linesOf("Température extérieure", 60, ruler), 2);
});

test("a size that fitted once is kept as long as the same story is told", () => {
	const keep = kept();
	assert.equal(keep("air", 3), 3);
	assert.equal(keep("air", 2), 3);
	assert.equal(keep("air", 4), 4);
	assert.equal(keep("silo", 2), 2);
});

test("of two numbers of one size the one with more figures has more room, and a name keeps its own", () => {
	assert.deepEqual(beside(3, 3), { shares: [0.5, 0.5], rooms: [3, 3] });
	for (const [one, other] of [
		[2.3, 3.9],
		[5, 1],
		[1, 5],
	] as const) {
		const { shares, rooms } = beside(one, other);
		assert.ok(Math.abs(shares[0] + shares[1] - 1) < 1e-9);
		assert.ok(Math.min(...shares) > 0.37);
		assert.ok(Math.abs(shares[0] / rooms[0] - shares[1] / rooms[1]) < 1e-9, "one size");
		assert.ok(rooms[0] >= one && rooms[1] >= other, "and each fits");
		assert.ok(shares[0] / rooms[0] > 0.5 / Math.max(one, other), "larger than in two equal columns");
	}
});
