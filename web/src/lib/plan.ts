/** The floor plan: where devices hang, as fractions of its picture, and how each is shown there. Pure. */

import { standing, worst } from "./sight.ts";
import { BELIEVED_S, judge, type Shown } from "./state.ts";
import type { Alarm, Channel, Device } from "./types.ts";

/** Fractions of the picture, from its left and upper edge. */
export interface Place {
	x: number;
	y: number;
}

/** The picture and the places, as the hub gives them. */
export interface FloorPlan {
	picture: { address: string; width: number; height: number; title: string } | null;
	places: (Place & { device: string })[];
	/** The workshop session whose plan would be changed. */
	session: string | null;
	/** Whether it is that session's own already. */
	own: boolean;
	/** Bytes of a picture that is handed over. */
	largest: number;
}

/** What of a device is shown at its place. */
export interface Pin {
	/** On the plan and in the list beside it. */
	number: number;
	device: Device;
	place: Place;
	channels: { channel: Channel; shown: Shown }[];
	/** Heard of long ago, or never. */
	silent: boolean;
	/** Seconds since the newest value; null: there was none. */
	age: number | null;
	alarm: Alarm | null;
}

/** Channels of a device on the plan; the others are on its own page. */
const FEW = 2;
const STEP = 0.01;
const LEAP = 0.1;
const DIGITS = 1e4;

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
	ArrowLeft: [-1, 0],
	ArrowRight: [1, 0],
	ArrowUp: [0, -1],
	ArrowDown: [0, 1],
};

const inside = (part: number) => Math.round(Math.min(Math.max(part, 0), 1) * DIGITS) / DIGITS;

/** A place on the picture: what lies beside it comes to its edge. */
export function placeAt(x: number, y: number): Place {
	return { x: inside(x), y: inside(y) };
}

/** Where a key moves to, a hundredth of the picture, with Shift a tenth; null: it is another key's business. */
export function moved(from: Place, key: string, shift: boolean): Place | null {
	const step = STEPS[key];
	if (step === undefined) return null;
	const size = shift ? LEAP : STEP;
	return placeAt(from.x + step[0] * size, from.y + step[1] * size);
}

/** Which ninth of the picture: the words by which people find it. */
export function ninth({ x, y }: Place): `${"top" | "middle" | "bottom"}_${"left" | "centre" | "right"}` {
	const row = y < 1 / 3 ? "top" : y > 2 / 3 ? "bottom" : "middle";
	const column = x < 1 / 3 ? "left" : x > 2 / 3 ? "right" : "centre";
	return `${row}_${column}`;
}

/** The devices that hang, by name; each with its first channels, how old they are, and its worst alarm. */
export function pins(
	devices: ReadonlyMap<string, Device>,
	places: ReadonlyMap<string, Place>,
	alarms: Iterable<Alarm>,
	now: (run: string) => number | null,
	lost: boolean,
): Pin[] {
	const raised = standing(alarms, null, null);
	const there = [...places].flatMap(([uid, place]) => {
		const device = devices.get(uid);
		return device === undefined || device.ignored === true ? [] : { device, place };
	});
	there.sort((one, other) => one.device.name.localeCompare(other.device.name));
	return there.map(({ device, place }, at) => {
		const time = now(device.run);
		const away = lost || device.availability === "offline";
		const channels = device.channels.slice(0, FEW).map((channel) => ({
			channel,
			shown: judge(channel, time, device.silence?.[channel.name] ?? BELIEVED_S, away),
		}));
		const ages = device.channels.flatMap((each) => judge(each, time, null).age ?? []);
		const mine = raised.filter((each) => each.device === device.id && (each.run ?? device.run) === device.run);
		return {
			number: at + 1,
			device,
			place,
			channels,
			silent: away || (channels.length > 0 && channels.every(({ shown }) => shown.state === "stale")),
			age: ages.length > 0 ? Math.min(...ages) : null,
			alarm: worst(mine),
		};
	});
}

/** What may still be hung, by name. */
export function loose(devices: ReadonlyMap<string, Device>, places: ReadonlyMap<string, Place>): Device[] {
	return [...devices.values()]
		.filter((device) => device.ignored !== true && !places.has(device.id))
		.sort((one, other) => one.name.localeCompare(other.name));
}
