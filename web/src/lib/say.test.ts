import assert from "node:assert/strict";
import { test } from "node:test";
import { filled } from "./say.ts";

test("zero is singular in French and plural in English", () => {
	const french = "{count} {count|réponse|réponses}";
	const english = "{count} {count|answer|answers}";
	assert.deepEqual(
		[0, 1, 2].map((count) => filled(french, { count }, "fr")),
		["0 réponse", "1 réponse", "2 réponses"],
	);
	assert.deepEqual(
		[0, 1, 2].map((count) => filled(english, { count }, "en")),
		["0 answers", "1 answer", "2 answers"],
	);
});

test("a form may be empty, and a sentence may bend in several places", () => {
	const text = "Il y a {count} mesure{count||s} prête{count||s}.";
	assert.equal(filled(text, { count: 1 }, "fr"), "Il y a 1 mesure prête.");
	assert.equal(filled(text, { count: 3 }, "fr"), "Il y a 3 mesures prêtes.");
});

test("a count has its thousands apart; a port and a name stay as they are", () => {
	assert.equal(filled("{count} lignes", { count: 36000 }, "fr"), "36\u202f000 lignes");
	assert.equal(filled("{count} rows", { count: 36000 }, "en"), "36,000 rows");
	assert.equal(filled("{host}:{port}", { host: "{count}", port: 18833 }, "en"), "{count}:18833");
});

test("a hole that nobody fills stays to be seen", () => {
	assert.equal(filled("{count} {count|row|rows}", {}, "en"), "{count} {count|row|rows}");
});
