/** The floor plan: where devices hang, as fractions of its picture, and how each is shown there. Pure. */

import { standing, worst } from "./sight.ts";
import { BELIEVED_S, judge, type Shown } from "./state.ts";
import type { Alarm, Channel, Device, Text, Usecase } from "./types.ts";

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
	/** Its part in the story where nobody gave it a name of its own. */
	name: string;
	place: Place;
	/** What the story hears of it, else its first channels; `title`: what the story calls one. */
	channels: { channel: Channel; title: Text | null; shown: Shown }[];
	/** Heard of long ago, or never. */
	silent: boolean;
	/** Seconds since the newest value; null: there was none. */
	age: number | null;
	alarm: Alarm | null;
}

/** Channels of a device on the plan; the others are on its own page. */
const FEW = 2;
/** How a device itself is: not what it hangs there for. */
const HEALTH = /^(battery|signal|rssi|snr|link_?quality|uptime|voltage$)/;
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

/** What is needed to tell how devices are. */
export interface Known {
	alarms: Iterable<Alarm>;
	/** The story on the wall. */
	story: Usecase | null;
	/** Words in the reader's language. */
	both: (text: Text) => string;
	/** The time [ms] of a timeline. */
	now: (run: string) => number | null;
	/** Nothing is heard of the hub any more. */
	lost: boolean;
}

/** The devices that hang, by name; each with a few channels, how old they are, and its worst alarm. */
export function pins(devices: ReadonlyMap<string, Device>, places: ReadonlyMap<string, Place>, known: Known): Pin[] {
	const raised = standing(known.alarms, null, null);
	const there = [...places].flatMap(([uid, place]) => {
		const device = devices.get(uid);
		return device === undefined || device.ignored === true ? [] : { device, place, name: nameOf(device, known) };
	});
	there.sort((one, other) => one.name.localeCompare(other.name));
	return there.map((each, at) => pin(each, at + 1, raised, known));
}

function pin(
	{ device, place, name }: Pick<Pin, "device" | "place" | "name">,
	number: number,
	raised: readonly Alarm[],
	known: Known,
): Pin {
	const time = known.now(device.run);
	const away = known.lost || device.availability === "offline";
	const believed = (channel: string) => device.silence?.[channel] ?? BELIEVED_S;
	const ages = device.channels.flatMap((each) => judge(each, time, null).age ?? []);
	const age = ages.length > 0 ? Math.min(...ages) : null;
	const patience = Math.min(...device.channels.map((each) => believed(each.name)));
	const mine = raised.filter((each) => each.device === device.id && (each.run ?? device.run) === device.run);
	return {
		number,
		device,
		name,
		place,
		channels: chosen(device, known.story).map(({ channel, title }) => ({
			channel,
			title,
			shown: judge(channel, time, believed(channel.name), away),
		})),
		silent: away || (age !== null && age > patience),
		age,
		alarm: worst(mine),
	};
}

/** What people call a device: by the name they gave it, else by its part in the story. */
export function nameOf(device: Device, { story, both }: Pick<Known, "story" | "both">): string {
	const part = story?.roles.find((role) => role.device === device.id);
	const own = device.name !== device.id.slice(device.id.indexOf(":") + 1);
	return own || part === undefined ? device.name : both(part.title);
}

/** What the story hears of a device, else its first channels that are not about itself. */
function chosen(device: Device, story: Usecase | null): { channel: Channel; title: Text | null }[] {
	const told = (story?.measures ?? []).filter((each) => each.device === device.id && each.computed !== true);
	told.sort((one, other) => Number(other.primary) - Number(one.primary));
	const heard = told.flatMap((measure) => {
		const channel = device.channels.find((each) => each.name === measure.channel);
		return channel === undefined || measure.inverted === true || measure.factor !== undefined
			? []
			: { channel, title: measure.title };
	});
	const own = device.channels.filter((each) => !HEALTH.test(each.name));
	const first = (own.length > 0 ? own : device.channels).map((channel) => ({ channel, title: null }));
	return (heard.length > 0 ? heard : first).slice(0, FEW);
}

/** Where a card stands about its point: to its left, and how much of it above [0, 1]. */
export interface Side {
	left: boolean;
	above: number;
}

/** Cards of that size [fractions of the picture] side by side where there is room: inwards first, never beyond the edge. */
export function arranged(places: readonly Place[], wide: number, tall: number): Side[] {
	const taken: [left: number, top: number][] = [];
	return places.map(({ x, y }) => {
		const first = x > 0.5;
		const ways = [y, 0, 1].flatMap((above) => [first, !first].map((left) => ({ left, above })));
		const corner = ({ left, above }: Side): [number, number] => [left ? x - wide : x, y - above * tall];
		const fits = ([left, top]: [number, number]) =>
			left >= 0 && left + wide <= 1 && top >= 0 && top + tall <= 1 && !taken.some((each) => meets(each, [left, top]));
		const best = ways.find((way) => fits(corner(way))) ?? { left: first, above: y };
		taken.push(corner(best));
		return best;
	});
	function meets(one: readonly [number, number], other: readonly [number, number]): boolean {
		return Math.abs(one[0] - other[0]) < wide && Math.abs(one[1] - other[1]) < tall;
	}
}

/** What may still be hung, by name. */
export function loose(devices: ReadonlyMap<string, Device>, places: ReadonlyMap<string, Place>): Device[] {
	return [...devices.values()]
		.filter((device) => device.ignored !== true && !places.has(device.id))
		.sort((one, other) => one.name.localeCompare(other.name));
}
