import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import en from "../i18n/en.json" with { type: "json" };
import fr from "../i18n/fr.json" with { type: "json" };
import { begun, named, precision } from "./channels.ts";
import { emphasise } from "./emphasis.ts";
import { codeIn, pageAt } from "./route.ts";
import type { Measure } from "./types.ts";

type Words = Record<string, string>;
const FOLDERS = ["../drawings/words/", "../words/"].map((folder) => new URL(folder, import.meta.url));
/** The page's words, and those that each drawing or later page brings along: found, so that a new one is judged too. */
const EVERY: [string, { fr: Words; en: Words }][] = [
	["page", { fr, en }],
	...FOLDERS.flatMap((folder) =>
		readdirSync(folder).map((file): [string, { fr: Words; en: Words }] => [
			file,
			JSON.parse(readFileSync(new URL(file, folder), "utf-8")) as { fr: Words; en: Words },
		]),
	),
];
const holes = (text: string) => [...new Set([...text.matchAll(/\{(\w+)[|}]/g)].map((found) => found[1]))].sort();

for (const [where, words] of EVERY) {
	test(`French and English say the same things, with the same holes to fill: ${where}`, () => {
		assert.deepEqual(Object.keys(words.fr).sort(), Object.keys(words.en).sort());
		for (const [key, text] of Object.entries(words.fr)) {
			const other = words.en[key] ?? "";
			assert.ok(text.trim() && other.trim(), `${key} is empty`);
			assert.deepEqual(holes(text), holes(other), key);
		}
	});

	test(`French is set as French is, with narrow spaces, no-break colon, curly apostrophes: ${where}`, () => {
		for (const [key, text] of Object.entries(words.fr)) {
			assert.doesNotMatch(text, / [?!;%»]|« /, `${key}: a narrow no-break space goes there`);
			assert.doesNotMatch(text, / :/, `${key}: a no-break space goes before the colon`);
			assert.doesNotMatch(text, /\w'\w/, `${key}: the apostrophe is ’`);
		}
		for (const [key, text] of Object.entries(words.en)) {
			assert.doesNotMatch(text, /\w'/, `${key}: the apostrophe is ’`);
		}
	});
}

const measure = (name: string) => ({ name, unit: "°C", decimals: 1 }) as Measure;
const sentence = {
	code: "air_high_eta",
	params: { air: 7.2, product: 3.4 },
	text: {
		fr: "L’air est à 7,2\u202f°C depuis 4\u00a0min, le produit à 3,4\u202f°C\u00a0: il reste environ 1\u00a0h\u00a050 avant +4\u202f°C.",
		en: "Air has been at 7.2\u00a0°C for 4\u00a0min, the product is at 3.4\u00a0°C: about 1\u00a0h\u00a050\u00a0min left before +4\u00a0°C.",
	},
};

test("the numbers of a sentence are strong, and those of a measure have its name", () => {
	for (const language of ["fr", "en"] as const) {
		const pieces = emphasise(sentence, [measure("air"), measure("product")], language);
		assert.equal(pieces.map((piece) => piece.text).join(""), sentence.text[language]);
		const strong = pieces.filter((piece) => piece.strong);
		const time = language === "fr" ? "1\u00a0h\u00a050" : "1\u00a0h\u00a050\u00a0min";
		assert.equal(strong[3]?.text, time);
		assert.deepEqual(
			strong.map((piece) => piece.measure),
			["air", null, "product", null, null],
		);
	}
});

test("a sentence that stands says of a measure what stands beside it, in its own words", () => {
	const flow = { name: "flow", unit: "L/h", decimals: 0 } as Measure;
	const told = {
		code: "flowing",
		params: { flow: 52 },
		text: { fr: "L’eau coule à 52\u00a0L/h au compteur.", en: "" },
	};
	const now = (name: string) => (name === "flow" ? 64.4 : null);
	const said = (of: typeof told) =>
		emphasise(of, [flow], "fr", now)
			.map((piece) => piece.text)
			.join("");
	assert.equal(said(told), "L’eau coule à 64\u00a0L/h au compteur.");
	// which of the two is the limit, nobody can tell
	const twice = { ...told, text: { fr: "52\u00a0L/h, limite 52\u00a0L/h.", en: "" } };
	assert.equal(said(twice), twice.text.fr);
	// nothing stands beside it
	assert.equal(emphasise(told, [flow], "fr", () => null)[1]?.text, "52\u00a0L/h");
	const both = {
		code: "calm",
		params: { air: 3.2, product: 3.2 },
		text: { fr: "", en: "Air 3.2\u00a0°C, product 3.2\u00a0°C." },
	};
	const pieces = emphasise(both, [measure("air"), measure("product")], "en", (name) => (name === "air" ? 3.3 : 3.4));
	assert.deepEqual(
		pieces.filter((piece) => piece.strong).map((piece) => piece.text),
		["3.3\u00a0°C", "3.4\u00a0°C"],
	);
});

test("two measures that show the same number keep their own colours", () => {
	const calm = {
		code: "calm",
		params: { air: 3.2, product: 3.2 },
		text: { fr: "", en: "Air 3.2\u00a0°C, product 3.2\u00a0°C." },
	};
	const strong = emphasise(calm, [measure("air"), measure("product")], "en").filter((piece) => piece.strong);
	assert.deepEqual(
		strong.map((piece) => piece.measure),
		["air", "product"],
	);
});

test("a number is strong with its unit, whatever the trade measures in", () => {
	const flour = { name: "mass", unit: "kg", decimals: 0 } as Measure;
	const left = { name: "autonomy", unit: "days", decimals: 1 } as Measure;
	const told = {
		code: "calm",
		params: { mass: 1212, autonomy: 5.7 },
		text: { fr: "1\u202f212\u00a0kg de farine\u00a0: 5,7\u00a0jours d’autonomie.", en: "" },
	};
	const strong = emphasise(told, [flour, left], "fr").filter((piece) => piece.strong);
	assert.deepEqual(
		strong.map((piece) => [piece.text, piece.measure]),
		[
			["1\u202f212\u00a0kg", "mass"],
			["5,7\u00a0jours", "autonomy"],
		],
	);
});

test("a unit with signs of its own is no pattern", () => {
	const odd = { name: "odd", unit: "(kg+", decimals: 0 } as Measure;
	const told = { code: "x", params: { odd: 3 }, text: { fr: "", en: "About 3\u00a0(kg+ now." } };
	assert.equal(emphasise(told, [odd], "en")[1]?.text, "3\u00a0(kg+");
});

test("a sentence without numbers is one piece", () => {
	const plain = { code: "waiting", params: {}, text: { fr: "En attente.", en: "Waiting." } };
	assert.deepEqual(emphasise(plain, [], "fr"), [{ text: "En attente.", strong: false, measure: null }]);
});

test("a channel is called by the longest name that is known", () => {
	const known = (name: string) => ["temperature", "chip_temperature", "energy"].includes(name);
	assert.deepEqual(named("temperature_ds18b20_1", known), ["temperature", "ds18b20 1"]);
	assert.deepEqual(named("chip_temperature", known), ["chip_temperature", ""]);
	assert.deepEqual(named("mystery_2", known), [null, "mystery 2"]);
	assert.deepEqual(named("energy_a", known), ["energy", "a"]);
	assert.equal(precision(1001.2), 0);
	assert.equal(precision(21.75), 2);
});

test("a known word is not mixed with the rest of somebody's identifier", () => {
	const known = (name: string) => ["uptime", "open", "temperature"].includes(name);
	assert.deepEqual(named("uptime_sensor", known), [null, "uptime sensor"]);
	assert.deepEqual(named("open_count_2", known), [null, "open count 2"]);
	assert.deepEqual(named("temperature_lywsd03_52680f", known), ["temperature", "lywsd03 52680f"]);
	assert.deepEqual(begun("open_kitchen", known), ["open", ["kitchen"]]);
});

test("a quantity with somebody's name before or behind it keeps its word", () => {
	const known = (name: string) => ["temperature", "brightness", "position", "uptime"].includes(name);
	assert.deepEqual(named("lampe_brightness", known), ["brightness", "lampe"]);
	assert.deepEqual(named("brightness_lampe_de_bureau", known), ["brightness", "lampe de bureau"]);
	assert.deepEqual(named("temperature_kitchen", known), ["temperature", "kitchen"]);
	assert.deepEqual(named("uptime_position_mode", known), [null, "uptime position mode"]);
});

test("an address has its page, and one that nobody knows shows the room", () => {
	assert.equal(pageAt("/devices/"), "/devices");
	assert.equal(pageAt("/"), "/");
	assert.equal(pageAt("/nowhere"), "/");
});

test("the single-use code is read from the fragment, and nothing else is taken for one", () => {
	assert.equal(codeIn("#code=aB3-_x9"), "aB3-_x9");
	assert.equal(codeIn("#aB3-_x9"), "aB3-_x9");
	assert.equal(codeIn("#a"), null);
	assert.equal(codeIn(""), null);
});
