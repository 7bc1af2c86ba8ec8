import assert from "node:assert/strict";
import { test } from "node:test";
import { heardOf } from "./heard.ts";
import type { Device } from "./types.ts";

const device = (id: string, more: Partial<Device> = {}): Device => ({
	id,
	name: id,
	family: "tasmota",
	availability: "online",
	simulated: false,
	run: "real",
	channels: [],
	...more,
});
const at = (time: string) => ({ name: "temperature", unit: "°C", value: 20, time, quality: "good" as const });

test("a family is ticked by its real devices only, the newest first", () => {
	const devices = [
		device("old", { channels: [at("2026-11-24T09:00:00Z")] }),
		device("new", { seen: "2026-11-24T09:05:00Z" }),
		device("played", { simulated: true }),
		device("other", { family: "shelly" }),
	];
	assert.deepEqual(
		heardOf(devices, "tasmota").map((each) => [each.id, each.seen]),
		[
			["new", Date.parse("2026-11-24T09:05:00Z")],
			["old", Date.parse("2026-11-24T09:00:00Z")],
		],
	);
});

test("a device that never said when is heard all the same", () => {
	assert.equal(heardOf([device("silent")], "tasmota")[0]?.seen, null);
});
