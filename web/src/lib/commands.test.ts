import assert from "node:assert/strict";
import { test } from "node:test";
import { deadline, isPaced, isSwitch, opposite, paceWords, standing, wordsFor } from "./commands.ts";
import type { Command, Device, Pace } from "./types.ts";

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

test("what a network says of a command is told, and never as the device's own report", () => {
	assert.equal(wordsFor(command("sent")), "command.sent");
	assert.equal(wordsFor({ ...command("sent"), stage: "queued" }), "command.stage.queued");
	assert.equal(wordsFor({ ...command("sent"), stage: "acknowledged" }), "command.stage.acknowledged");
	assert.equal(wordsFor({ ...command("confirmed"), stage: "acknowledged" }), "command.confirmed");
	assert.equal(wordsFor({ ...command("timed_out"), stage: "acknowledged" }), "command.received");
	assert.equal(wordsFor({ ...command("refused"), stage: "failed" }), "command.refused");
	assert.equal(wordsFor(command("seen")), "command.seen");
});

test("a deadline is told where it is far", () => {
	const until = (seconds: number) => new Date(AT + seconds * 1000).toISOString();
	assert.equal(deadline({ ...command("sent"), until: until(10) }), null);
	assert.equal(deadline({ ...command("sent"), until: until(3600) }), AT + 3_600_000);
	assert.equal(deadline({ ...command("confirmed"), until: until(3600) }), null);
	assert.equal(deadline(undefined), null);
});

test("a switch is known by what it takes, not by its name", () => {
	const device = { ranges: { pump: { low: 0, high: 1 }, switch_level: { low: 0, high: 100 } } } as unknown as Device;
	assert.equal(isSwitch(device, "pump"), true);
	assert.equal(isSwitch(device, "switch_level"), false);
	assert.equal(isSwitch({} as Device, "switch_2"), true);
});

test("a period of none is a period, and only what is held can be given back", () => {
	const pace = (state: Pace["state"], original: number | null = 300): Pace => ({
		state,
		every: 10,
		original,
		reason: null,
	});
	assert.equal(paceWords(pace("held")), "pace.held");
	assert.equal(paceWords(pace("held", 0)), "pace.held_never");
	assert.equal(paceWords(pace("polled", null)), "pace.polled");
	assert.deepEqual(
		[isPaced(pace("asking", null)), isPaced(pace("held")), isPaced(pace("restoring"))],
		[true, true, false],
	);
	assert.deepEqual([isPaced(pace("failed")), isPaced(null), isPaced(undefined)], [false, false, false]);
});
