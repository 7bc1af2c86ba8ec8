import assert from "node:assert/strict";
import { test } from "node:test";
import { asTable, question } from "./journal.ts";

const ALL = { search: "", state: "", priority: "", usecase: "", start: "" };

test("what the reader did not choose is not asked", () => {
	assert.equal(String(question(ALL, 50)), "limit=50");
	assert.equal(String(question({ ...ALL, search: " porte ", start: "-24h" }, 50)), "limit=50&search=porte&start=-24h");
});

test("the table is the same choice, as the reader's spreadsheet wants it", () => {
	const french = new URLSearchParams(asTable({ ...ALL, priority: "high" }, "fr").split("?")[1]);
	assert.deepEqual(Object.fromEntries(french), { limit: "10000", priority: "high", format: "csv", dialect: "fr" });
	assert.equal(new URLSearchParams(asTable(ALL, "en").split("?")[1]).get("dialect"), "plain");
});
