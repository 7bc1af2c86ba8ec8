import assert from "node:assert/strict";
import { test } from "node:test";
import { opposite, standing } from "./commands.ts";
import type { Command } from "./types.ts";

const AT = Date.parse("2026-11-24T09:00:00Z");
const command = (state: Command["state"]): Command => ({
	id: "c1",
	device: "tasmota:plug",
	channel: "switch",
	value: 1,
	state,
	by: "facilitator",
	at: "2026-11-24T09:00:00Z",
	reason: null,
});

test("a command is sent until the hub says otherwise, however long that takes", () => {
	assert.equal(standing(command("sent"), AT), "sent");
	assert.equal(standing(command("sent"), AT + 3_600_000), "sent");
	assert.equal(standing(command("sent"), null), "sent");
});

test("an end is told for a while, then the value speaks for itself", () => {
	assert.equal(standing(command("confirmed"), AT + 9_000), "confirmed");
	assert.equal(standing(command("confirmed"), AT + 11_000), "none");
	assert.equal(standing(command("timed_out"), AT + 90_000), "timed_out");
	assert.equal(standing(command("timed_out"), AT + 130_000), "none");
	assert.equal(standing(command("refused"), AT + 50_000), "refused");
	assert.equal(standing(undefined, AT), "none");
});

test("a press asks for the opposite of what the device itself says", () => {
	assert.equal(opposite(1), 0);
	assert.equal(opposite(0), 1);
	assert.equal(opposite(null), 1);
});
