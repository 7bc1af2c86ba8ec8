import assert from "node:assert/strict";
import { test } from "node:test";
import { loose, moved, ninth, pins, placeAt } from "./plan.ts";
import type { Alarm, Device } from "./types.ts";

const NOW = Date.parse("2026-11-27T10:00:00Z");

function device(id: string, more: Partial<Device> = {}): Device {
	return {
		id,
		name: id,
		family: "tasmota",
		availability: "online",
		simulated: false,
		run: "real",
		channels: ["temperature", "humidity", "battery"].map((name, at) => ({
			name,
			unit: null,
			value: 3,
			time: new Date(NOW - (at + 1) * 10_000).toISOString(),
			quality: "good" as const,
		})),
		...more,
	};
}

const known = (...devices: Device[]) => new Map(devices.map((each) => [each.id, each]));
const hung = (...ids: string[]) => new Map(ids.map((id) => [id, { x: 0.5, y: 0.5 }]));
const alarm = (of: string, state: Alarm["state"], run = "real") =>
	({ id: `${of}${state}`, device: of, state, run, priority: "low", raised_at: "2026-11-27T09:00:00Z" }) as Alarm;

test("a place beside the picture comes to its edge", () => {
	assert.deepEqual(placeAt(-2, 1.5), { x: 0, y: 1 });
	assert.deepEqual(placeAt(1 / 3, 0.5), { x: 0.3333, y: 0.5 });
});

test("arrows move a hundredth, with Shift a tenth, and not beyond the edge", () => {
	assert.deepEqual(moved({ x: 0.5, y: 0.5 }, "ArrowLeft", false), { x: 0.49, y: 0.5 });
	assert.deepEqual(moved({ x: 0.5, y: 0.95 }, "ArrowDown", true), { x: 0.5, y: 1 });
	assert.equal(moved({ x: 0.5, y: 0.5 }, "Tab", false), null);
});

test("a place is found by its ninth of the picture", () => {
	assert.equal(ninth({ x: 0, y: 0 }), "top_left");
	assert.equal(ninth({ x: 0.5, y: 0.5 }), "middle_centre");
	assert.equal(ninth({ x: 0.9, y: 0.7 }), "bottom_right");
});

test("pins are numbered by name; what is unknown or wanted by nobody hangs no more", () => {
	const found = pins(
		known(device("b"), device("a"), device("c", { ignored: true })),
		hung("c", "b", "a", "gone"),
		[],
		() => NOW,
		false,
	);
	assert.deepEqual(
		found.map((pin) => [pin.number, pin.device.id, pin.channels.length, pin.age]),
		[
			[1, "a", 2, 10],
			[2, "b", 2, 10],
		],
	);
});

test("a device that is offline, silent, or of a hub that is away looks silent", () => {
	const silent = (of: Device, now: number | null = NOW, lost = false) =>
		pins(known(of), hung(of.id), [], () => now, lost)[0]?.silent;
	assert.equal(silent(device("a")), false);
	assert.equal(silent(device("a", { availability: "offline" })), true);
	assert.equal(silent(device("a"), NOW + 3_600_000), true);
	assert.equal(silent(device("a"), NOW, true), true);
	assert.equal(silent(device("a", { channels: [] })), false);
});

test("a pin has its device's worst alarm of its own run", () => {
	const raised = [
		alarm("a", "returned"),
		alarm("a", "unacknowledged"),
		alarm("a", "normal"),
		alarm("b", "unacknowledged", "earlier"),
	];
	const [a, b] = pins(known(device("a"), device("b")), hung("a", "b"), raised, () => NOW, false);
	assert.equal(a?.alarm?.state, "unacknowledged");
	assert.equal(b?.alarm, null);
});

test("what does not hang may be hung, but for what nobody wants", () => {
	const found = loose(known(device("b"), device("a"), device("c", { ignored: true }), device("d")), hung("d"));
	assert.deepEqual(
		found.map((each) => each.id),
		["a", "b"],
	);
});
