import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, hypothesis, spoken } from "./money.ts";

const stock = {
	id: "stock",
	title: { fr: "Stock", en: "Stock" },
	value: 3000,
	low: 0,
	high: 5000,
	step: 100,
	unit: "€",
};
const share = { ...stock, id: "share", value: 0.8, step: 0.05, unit: null };

test("a formula is computed with the usual precedence", () => {
	assert.equal(evaluate("stock * loss * share", { stock: 3000, loss: 0.1, share: 0.8 }), 240);
	assert.equal(evaluate("1 + 2 * 3 - 4 / 2", {}), 5);
	assert.equal(evaluate("(1 + 2) * -3", {}), -9);
	assert.equal(evaluate("8 / 4 / 2", {}), 1);
});

test("what is no formula has no result: no name of the browser, no call, no division by zero", () => {
	for (const bad of ["", "alert(1)", "a b", "1 +", "(1", "constructor", "1 / 0", "1;2", "a.b", "**"]) {
		assert.equal(evaluate(bad, { a: 1 }), null, bad);
	}
});

test("the formula is spoken with the reader's numbers in it", () => {
	const values = { stock: 3000, share: 0.8 };
	assert.equal(spoken("stock * share * 365", [stock, share], values, "fr"), "3\u202f000\u00a0€ × 0,80 × 365");
	assert.equal(spoken("stock * share / 60", [stock, share], values, "en"), "3,000\u00a0€ × 0.80 ÷ 60");
});

test("a hypothesis has its unit, in the reader's language", () => {
	assert.equal(hypothesis({ ...stock, unit: { fr: "€/an", en: "€/year" } }, 100, "en"), "100\u00a0€/year");
	assert.equal(hypothesis({ ...stock, unit: "%", step: 1 }, 80, "fr"), "80\u00a0%");
});
