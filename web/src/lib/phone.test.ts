import assert from "node:assert/strict";
import { test } from "node:test";
import { byTable, Collector, common, level, obstacle, strength, tapRate } from "./phone.ts";
import type { Device, Participant } from "./types.ts";

const ALL = { secure: true, motion: true, sound: true, light: true };

test("a page that is not secure says so before anything else", () => {
	assert.equal(obstacle("motion", { ...ALL, secure: false, motion: false }), "insecure");
	assert.equal(obstacle("light", { ...ALL, light: false }), "absent");
	assert.equal(obstacle("sound", ALL), null);
});

test("a phone at rest does not move, with or without a gyroscope", () => {
	assert.equal(strength({ x: 0, y: 0, z: 0 }, null), 0);
	assert.equal(strength({ x: null, y: null, z: null }, { x: 0, y: 0, z: 9.80665 }), 0);
	assert.ok(Math.abs((strength({ x: 9.80665, y: 0, z: 0 }, null) ?? 0) - 1) < 1e-9);
	assert.equal(strength(null, null), null);
});

test("of sound only a level is left, between silence and the loudest", () => {
	assert.equal(level(new Float32Array([1, -1, 1])), 0);
	assert.equal(level(new Float32Array(8)), -120);
	assert.equal(level(new Float32Array()), -120);
	assert.ok(Math.abs(level(new Float32Array([0.1, -0.1])) + 20) < 1e-3);
});

test("two taps a second are 120 a minute; one is no rate, old ones do not count", () => {
	assert.equal(tapRate([0, 500, 1000, 1500], 1500), 120);
	assert.equal(tapRate([1500], 1500), 0);
	assert.equal(tapRate([0, 100, 20_000], 20_000), 0);
	assert.equal(tapRate([], 0), 0);
});

test("between two samples the strongest shake counts, and what did not change is not said again", () => {
	const collector = new Collector();
	for (const each of [0.2, 3, 0.1]) collector.peak("acceleration", each);
	collector.set("slider", 40);
	assert.deepEqual(collector.take(["acceleration"], false), { acceleration: 3, slider: 40 });
	assert.deepEqual(collector.take(["acceleration"], false), {});
	assert.deepEqual(collector.take([], true), { slider: 40 });
	collector.drop("slider");
	assert.deepEqual(collector.take([], true), {});
});

const device = (channels: Record<string, number>): Device =>
	({
		channels: Object.entries(channels).map(([name, value]) => ({
			name,
			unit: null,
			value,
			time: null,
			quality: "good",
		})),
	}) as unknown as Device;

test("tables are compared by what most phones give", () => {
	assert.equal(common([device({ slider: 1, tap_rate: 9 }), device({ slider: 2 })]), "slider");
	assert.equal(common([device({ slider: 1, acceleration: 0 })]), "acceleration");
	assert.equal(common([]), null);
});

test("tables come in order, who gave no number last", () => {
	const people = [9, null, 2, 9].map((table, at) => ({ id: `${at}`, table }) as Participant);
	assert.deepEqual(
		byTable(people).map(({ table, people: members }) => [table, members.length]),
		[
			[2, 1],
			[9, 2],
			[null, 1],
		],
	);
});
