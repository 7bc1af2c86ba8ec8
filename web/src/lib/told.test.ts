import assert from "node:assert/strict";
import { test } from "node:test";
import { told } from "./told.ts";
import type { StoryCard } from "./types.ts";

const summary = (name: string, run: string | null, state: string | null) => ({ name, run, state }) as StoryCard;
const HIVE = summary("beehive", null, null);
const ENDED = summary("silo", "silo-1", "ended");
const LIVES = summary("cold_room", "cold-room-2", "running");

test("the story that is played now goes before what was played, and both before what never was", () => {
	assert.equal(told([HIVE, ENDED, LIVES], false), "cold_room");
	assert.equal(told([HIVE, ENDED], false), "silo");
	assert.equal(told([HIVE], false), null);
	assert.equal(told([summary("silo", "silo-1", "paused"), HIVE], true), "silo");
});

test("while a simulation is being started nobody sees the story of another day", () => {
	assert.equal(told([HIVE, ENDED], true), null);
	assert.equal(told([HIVE, ENDED, LIVES], true), "cold_room");
});
