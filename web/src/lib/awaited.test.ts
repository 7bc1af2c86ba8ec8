import assert from "node:assert/strict";
import { test } from "node:test";
import { type Awaited, awaited } from "./awaited.ts";

const loaded: Awaited = { since: 0, coming: null, run: null };

test("a page that is loaded waits since then for the story that plays", () => {
	const told = awaited(loaded, null, "cold-1", 300);
	assert.deepEqual(told, { since: 0, coming: null, run: "cold-1" });
	assert.equal(awaited(told, null, "cold-1", 9000).since, 0);
});

test("a story on its way is waited for since it was announced, not since its run began", () => {
	let told: Awaited = { since: 0, coming: null, run: "cold-1" };
	told = awaited(told, "silo", "cold-1", 5000);
	told = awaited(told, "silo", "silo-1", 6000);
	told = awaited(told, null, "silo-1", 6100);
	assert.equal(told.since, 5000);
});

test("a run that nobody announced, as after a reset, is waited for since it began", () => {
	const told: Awaited = { since: 0, coming: null, run: "cold-1" };
	assert.equal(awaited(told, null, "cold-2", 7000).since, 7000);
});

test("a hub that comes back with the same run begins nothing", () => {
	const away = awaited({ since: 40, coming: null, run: "cold-1" }, null, null, 7000);
	assert.equal(awaited(away, null, "cold-1", 9000).since, 40);
});
