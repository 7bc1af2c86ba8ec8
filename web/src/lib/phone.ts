/** What a phone can measure, and how its events become a few numbers twice a second. Pure. */

import type { Device, Participant } from "./types.ts";

/** Standard gravity [m/s²]. */
const GRAVITY = 9.80665;

export const SENSORS = ["motion", "sound", "light"] as const;
export type Sensor = (typeof SENSORS)[number];

/** Why a sensor cannot be used: no secure page, no such thing here, or its owner said no. */
export type Obstacle = "insecure" | "absent" | "denied";

/** What the browser lets a page know of itself. */
export interface Around {
	secure: boolean;
	motion: boolean;
	sound: boolean;
	light: boolean;
}

/** Why a sensor cannot even be tried; null: a press may try it. Without a secure page browsers hide all of them. */
export function obstacle(sensor: Sensor, around: Around): Obstacle | null {
	if (!around.secure) return "insecure";
	return around[sensor] ? null : "absent";
}

interface Axes {
	x: number | null;
	y: number | null;
	z: number | null;
}

/** How strongly the phone is moved [g], gravity left out; null: the event holds nothing. */
export function strength(acceleration: Axes | null, withGravity: Axes | null): number | null {
	const plain = size(acceleration);
	if (plain !== null) return plain / GRAVITY;
	const whole = size(withGravity);
	return whole === null ? null : Math.abs(whole - GRAVITY) / GRAVITY;
}

function size(axes: Axes | null): number | null {
	if (axes === null || axes.x === null || axes.y === null || axes.z === null) return null;
	return Math.hypot(axes.x, axes.y, axes.z);
}

const QUIETEST_DB = -120;

/** Level of a piece of sound [dB], 0 the loudest that the microphone can hear: all that ever leaves of it. */
export function level(samples: Float32Array): number {
	let sum = 0;
	for (const each of samples) sum += each * each;
	const mean = samples.length > 0 ? sum / samples.length : 0;
	return mean > 0 ? Math.min(Math.max(10 * Math.log10(mean), QUIETEST_DB), 0) : QUIETEST_DB;
}

export const TAPS_OVER_MS = 10_000;

/** Taps per minute, by those of the last ten seconds; two at least make a rate. `times` and `now` in ms. */
export function tapRate(times: readonly number[], now: number): number {
	const lately = times.filter((each) => now - each <= TAPS_OVER_MS);
	const [first, last] = [lately[0], lately.at(-1)];
	if (first === undefined || last === undefined || last <= first) return 0;
	return Math.min(((lately.length - 1) * 60_000) / (last - first), 1000);
}

/** Collects between two samples: of a shake the strongest counts, of all else the newest. */
export class Collector {
	private readonly held = new Map<string, number>();
	private readonly said = new Map<string, number>();

	/** A value of now; what it says is kept until it is taken back. */
	set(channel: string, value: number) {
		this.held.set(channel, value);
	}

	/** A value of which only the strongest since the last sample matters. */
	peak(channel: string, value: number) {
		this.held.set(channel, Math.max(value, this.held.get(channel) ?? 0));
	}

	drop(channel: string) {
		this.held.delete(channel);
		this.said.delete(channel);
	}

	/** What is to be sent: what changed since it was said last, or (`all`) everything. Peaks begin anew. */
	take(peaks: readonly string[], all: boolean): Record<string, number> {
		const news: Record<string, number> = {};
		for (const [channel, value] of this.held) {
			const rounded = Number(value.toFixed(3));
			if (all || this.said.get(channel) !== rounded) news[channel] = rounded;
			this.said.set(channel, rounded);
		}
		for (const channel of peaks) this.held.delete(channel);
		return news;
	}
}

/** What people compare, the liveliest first. */
export const COMPARED = ["acceleration", "sound_level", "slider", "tap_rate", "presses", "hue", "illuminance"];

/** The measure that most phones give; null: none gives any. */
export function common(devices: readonly Device[]): string | null {
	let best: string | null = null;
	let most = 0;
	for (const name of COMPARED) {
		const count = devices.filter((each) => valueOf(each, name) !== null).length;
		if (count > most) [best, most] = [name, count];
	}
	return best;
}

/** What a device last said of a channel; null: nothing that is still believed. */
export function valueOf(device: Device | undefined, channel: string): number | null {
	const found = device?.channels.find((each) => each.name === channel);
	return found?.quality !== "good" ? null : found.value;
}

export interface Table {
	/** Its number; null: those who gave none. */
	table: number | null;
	people: Participant[];
}

/** Participants by table, in the order of their numbers; those without one come last. */
export function byTable(people: readonly Participant[]): Table[] {
	const found = new Map<number | null, Participant[]>();
	for (const each of people) found.set(each.table, [...(found.get(each.table) ?? []), each]);
	return [...found]
		.map(([table, members]) => ({ table, people: members }))
		.sort((one, other) => (one.table ?? Infinity) - (other.table ?? Infinity));
}
