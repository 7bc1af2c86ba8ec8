import assert from "node:assert/strict";
import { test } from "node:test";
import { arranged, type Known, loose, moved, ninth, pins, placeAt } from "./plan.ts";
import type { Alarm, Device, Usecase } from "./types.ts";

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
const facts = (more: Partial<Known> = {}): Known => ({
	alarms: [],
	story: null,
	both: (text) => text.en,
	now: () => NOW,
	lost: false,
	...more,
});
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
		facts(),
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
		pins(known(of), hung(of.id), facts({ now: () => now, lost }))[0]?.silent;
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
	const [a, b] = pins(known(device("a"), device("b")), hung("a", "b"), facts({ alarms: raised }));
	assert.equal(a?.alarm?.state, "unacknowledged");
	assert.equal(b?.alarm, null);
});

test("a device is called by its part in the story, and shows what the story hears of it", () => {
	const story = {
		roles: [
			{ device: "tasmota:a", title: { en: "Probe", fr: "Sonde" } },
			{ device: "b", title: { en: "Door", fr: "Porte" } },
		],
		measures: [{ device: "tasmota:a", channel: "humidity", title: { en: "Air", fr: "Air" }, primary: true }],
	} as unknown as Usecase;
	const [named, probe] = pins(
		known(device("tasmota:a", { name: "a" }), device("b", { name: "Back door" })),
		hung("tasmota:a", "b"),
		facts({ story }),
	);
	assert.equal(named?.name, "Back door");
	assert.equal(probe?.name, "Probe");
	assert.deepEqual(
		probe?.channels.map(({ channel, title }) => [channel.name, title?.en]),
		[["humidity", "Air"]],
	);
});

test("how a device itself is stands on the plan only where it says nothing else", () => {
	const only = device("a");
	only.channels = only.channels.filter((each) => each.name === "battery");
	const [a, b] = pins(known(only, device("b")), hung("a", "b"), facts());
	assert.deepEqual(
		a?.channels.map(({ channel }) => channel.name),
		["battery"],
	);
	assert.deepEqual(
		b?.channels.map(({ channel }) => channel.name),
		["temperature", "humidity"],
	);
});

test("cards turn inwards, and aside for each other", () => {
	assert.deepEqual(
		arranged(
			[
				{ x: 0.1, y: 0.1 },
				{ x: 0.9, y: 0.9 },
			],
			0.3,
			0.2,
		),
		[
			{ left: false, above: 0.1 },
			{ left: true, above: 0.9 },
		],
	);
	const [near, other] = arranged(
		[
			{ x: 0.3, y: 0.5 },
			{ x: 0.62, y: 0.52 },
		],
		0.3,
		0.2,
	);
	assert.deepEqual([near?.left, other?.left], [false, false], "inwards the second would lie on the first");
});

test("cards without room stand inwards all the same", () => {
	assert.deepEqual(arranged([{ x: 0.7, y: 1 }], 2, 2), [{ left: true, above: 1 }]);
});

test("what does not hang may be hung, but for what nobody wants", () => {
	const found = loose(known(device("b"), device("a"), device("c", { ignored: true }), device("d")), hung("d"));
	assert.deepEqual(
		found.map((each) => each.id),
		["a", "b"],
	);
});
