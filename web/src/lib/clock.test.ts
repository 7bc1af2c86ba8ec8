import assert from "node:assert/strict";
import { test } from "node:test";
import { lost, pace } from "./clock.ts";

test("a page that was long in coming has not lost the hub that it is calling", () => {
	assert.equal(lost("connecting", 16_000, 100, 8500), false);
});

test("a hub that does not answer the first call is lost after a few seconds", () => {
	assert.equal(lost("connecting", 17_000, 100, 8500), true);
	assert.equal(lost("lost", 12_000, 100, 8500), true);
});

test("a link that was cut is missed since the hub was last heard", () => {
	assert.equal(lost("lost", 62_000, 60_000, 8500), false);
	assert.equal(lost("lost", 64_000, 60_000, 8500), true);
});

test("an open link is never lost", () => {
	assert.equal(lost("open", 99_000, 100, 100), false);
});

test("a story whose past is being made is not said to be paused: nobody has paused it", () => {
	assert.equal(pace(0, true, true, "en pause"), "");
	assert.equal(pace(0, true, false, "en pause"), ", en pause");
	assert.equal(pace(60, false, false, "en pause"), ", ×60");
});
