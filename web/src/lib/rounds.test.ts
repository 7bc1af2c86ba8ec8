import assert from "node:assert/strict";
import { test } from "node:test";
import { next, running, standsFor } from "./rounds.ts";
import type { StoryCard } from "./types.ts";

const STORIES = ["cold_room", "room_co2", "silo"];
const card = (name: string, run: string | null, state: string | null) => ({ name, run, state }) as StoryCard;
const quiet = new Set<string>();

test("a wall goes round where its address asks for it, for as long as one needs to read", () => {
	assert.equal(standsFor(""), null);
	assert.equal(standsFor("?theme=light"), null);
	assert.equal(standsFor("?advance"), 30_000);
	assert.equal(standsFor("?advance=45&theme=light"), 45_000);
	assert.equal(standsFor("?advance=0"), 3000);
	assert.equal(standsFor("?advance=1e9"), 3_600_000);
	assert.equal(standsFor("?advance=often"), 30_000);
});

test("it goes round the stories that run, real or simulated, and not those that are over", () => {
	const cards = [
		card("beehive", null, null),
		card("cold_room", "cold-1", "running"),
		card("room_co2", "real", "running"),
		card("silo", "silo-1", "ended"),
		card("hot_water", "hot-1", "paused"),
	];
	assert.deepEqual(running(cards), ["cold_room", "room_co2", "hot_water"]);
});

test("a story has its time, then the next one comes, and after the last the first", () => {
	assert.equal(next(STORIES, "cold_room", quiet, 29_999, 30_000), null);
	assert.equal(next(STORIES, "cold_room", quiet, 30_000, 30_000), "room_co2");
	assert.equal(next(STORIES, "silo", quiet, 30_000, 30_000), "cold_room");
});

test("an alarm holds its story, and calls the wall from another", () => {
	const ringing = new Set(["silo"]);
	assert.equal(next(STORIES, "silo", ringing, 90_000, 30_000), null);
	assert.equal(next(STORIES, "cold_room", ringing, 0, 30_000), "silo");
	assert.equal(next(STORIES, "cold_room", new Set(["beehive"]), 0, 30_000), null);
});

test("a single story stays, one that ended makes room, and without any nothing happens", () => {
	assert.equal(next(["silo"], "silo", quiet, 90_000, 30_000), null);
	assert.equal(next(["silo"], "beehive", quiet, 30_000, 30_000), "silo");
	assert.equal(next([], null, quiet, 90_000, 30_000), null);
});
