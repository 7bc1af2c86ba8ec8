import assert from "node:assert/strict";
import { test } from "node:test";
import { opening } from "./opening.ts";

const written = JSON.stringify({ frame: { type: "full", seq: 0, devices: [] }, usecase: { name: "cold_room" } });

test("a page begins with what came with it", () => {
	assert.equal(opening(written, false)?.usecase.name, "cold_room");
	assert.equal(opening(written, false)?.frame.seq, 0);
});

test("a page that a browser kept begins with nothing: its values are those of another moment", () => {
	assert.equal(opening(written, true), null);
});

for (const none of [
	null,
	undefined,
	"",
	"{",
	"null",
	"[]",
	'{"frame":{"type":"delta"},"usecase":{"name":"a"}}',
	'{"frame":{"type":"full"}}',
]) {
	test(`nothing is read out of ${none}`, () => assert.equal(opening(none, false), null));
}
