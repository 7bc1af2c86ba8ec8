import assert from "node:assert/strict";
import { test } from "node:test";
import { unbroken } from "./emphasis.ts";

const wholes = (text: string) => unbroken(text).flatMap((piece) => (piece.whole ? [piece.text] : []));

test("a word with hyphens stays whole, and no sign of the text is lost", () => {
	const text = "bud 0.4 °C, wet-bulb 0.4 °C – l’arrière-goût, peut-être.";
	assert.deepEqual(wholes(text), ["wet-bulb", "l’arrière-goût", "peut-être"]);
	assert.equal(
		unbroken(text)
			.map((piece) => piece.text)
			.join(""),
		text,
	);
});

test("a dash between words, a minus and a range of dates end lines as before", () => {
	assert.deepEqual(wholes("à −3 °C – ou plus - enfin"), []);
});
