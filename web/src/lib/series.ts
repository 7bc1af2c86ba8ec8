/** Curves: what the hub back-fills and what arrives live, made one, with gaps that stay gaps. */

import type { Alarm, Rule, Series } from "./types.ts";

/** Points of one channel on one run, times [s since 1970] ascending; a null is a gap. */
export interface Track {
	readonly t: readonly number[];
	readonly v: readonly (number | null)[];
}

/** How steep a stair is drawn [s]. */
const EDGE_S = 0.001;
export const EMPTY: Track = { t: [], v: [] };

/** A time as the API may give it, in seconds: RFC 3339, or a number of s, ms, µs or ns told by its size. */
export function seconds(time: number | string): number {
	if (typeof time === "string") return Date.parse(time) / 1000;
	if (time > 1e17) return time / 1e9;
	if (time > 1e14) return time / 1e6;
	return time > 1e11 ? time / 1e3 : time;
}

/** The curve as the API gave it; several runs are told apart by a gap. */
export function track(series: readonly Series[]): Track {
	const t: number[] = [];
	const v: (number | null)[] = [];
	for (const each of series) {
		if (t.length > 0 && each.t.length > 0) {
			t.push((t.at(-1) ?? 0) + 0.001);
			v.push(null);
		}
		each.t.forEach((time, at) => {
			const value = each.v[at] ?? null;
			t.push(seconds(time));
			v.push(value !== null && Number.isFinite(value) ? value : null);
		});
	}
	return { t, v };
}

/** A measure: when [s], and what; null where its device refuses it. */
export type Point = readonly [at: number, value: number | null];

/** The curve with more points; an older one replaces nothing, after `silence` seconds without news comes a gap. */
export function extended(before: Track, points: readonly Point[], silence: number | null): Track {
	let end = before.t.at(-1);
	const t: number[] = [];
	const v: (number | null)[] = [];
	for (const [at, value] of points) {
		if (end !== undefined && at <= end) continue;
		if (end !== undefined && silence !== null && at - end > silence) {
			t.push(end + 0.001);
			v.push(null);
		}
		t.push(at);
		v.push(value);
		end = at;
	}
	return t.length === 0 ? before : { t: [...before.t, ...t], v: [...before.v, ...v] };
}

/** Points of which the lowest and the highest stay when a curve has become too long to draw. */
const BUCKET = 4;

/** The curve with no more points than `most`: of each four the lowest and the highest, each at its time; a gap stays one. */
export function thinned(before: Track, most: number): Track {
	if (before.t.length <= most) return before;
	const keep: number[] = [];
	let from = 0;
	while (from < before.t.length) {
		const to = Math.min(from + BUCKET, before.t.length);
		keep.push(...extremes(before.v, from, to));
		from = to;
	}
	const after = { t: keep.map((at) => before.t[at] ?? 0), v: keep.map((at) => before.v[at] ?? null) };
	return after.t.length < before.t.length ? thinned(after, most) : after;
}

/** Where the lowest, the highest, and a gap are among some points, in their order. */
function extremes(v: Track["v"], from: number, to: number): number[] {
	let low = -1;
	let high = -1;
	let gap = -1;
	for (let at = from; at < to; at++) {
		const value = v[at] ?? null;
		if (value === null) gap = at;
		else {
			if (low < 0 || value < (v[low] ?? 0)) low = at;
			if (high < 0 || value > (v[high] ?? 0)) high = at;
		}
	}
	return [...new Set([low, high, gap])].filter((at) => at >= 0).sort((a, b) => a - b);
}

/** The curve since `from`, with the point before it so that the line reaches the edge. */
export function since(before: Track, from: number): Track {
	const at = before.t.findIndex((time) => time >= from);
	if (at < 0) return before.t.length > 0 ? { t: before.t.slice(-1), v: before.v.slice(-1) } : before;
	return at <= 1 ? before : { t: before.t.slice(at - 1), v: before.v.slice(at - 1) };
}

type Column = (number | null | undefined)[];

/** Curves on one time axis: [times, values, values …]. `undefined`: that curve has no point there; null: a gap. */
export function aligned(tracks: readonly Track[]): [number[], ...Column[]] {
	const times: number[] = [];
	const columns = tracks.map((): Column => []);
	const heads = tracks.map(() => 0);
	for (;;) {
		const next = tracks.reduce((least, each, of) => Math.min(least, each.t[heads[of] ?? 0] ?? Infinity), Infinity);
		if (next === Infinity) return [times, ...columns];
		times.push(next);
		tracks.forEach((each, of) => {
			const head = heads[of] ?? 0;
			const is = each.t[head] === next;
			columns[of]?.push(is ? each.v[head] : undefined);
			if (is) heads[of] = head + 1;
		});
	}
}

/** The last value of a curve, gaps left out. */
export function last(of: Track): { t: number; v: number } | null {
	for (let at = of.t.length - 1; at >= 0; at--) {
		const v = of.v[at];
		const t = of.t[at];
		if (v !== null && v !== undefined && t !== undefined) return { t, v };
	}
	return null;
}

/** The value last known at `when`; null in a gap and before the first. */
export function valueAt(of: Track, when: number): number | null {
	let from = 0;
	let to = of.t.length;
	while (from < to) {
		const middle = (from + to) >> 1;
		if ((of.t[middle] ?? 0) <= when) from = middle + 1;
		else to = middle;
	}
	return of.v[from - 1] ?? null;
}

/** Lowest and highest value, gaps left out; null: there is none. */
export function extent(tracks: readonly Track[], from = Number.NEGATIVE_INFINITY): [number, number] | null {
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	for (const each of tracks) {
		each.v.forEach((value, at) => {
			if (value === null || (each.t[at] ?? 0) < from) return;
			low = Math.min(low, value);
			high = Math.max(high, value);
		});
	}
	return low <= high ? [low, high] : null;
}

/** What is, or is not: a door, a valve, a floor that is wet. */
export function onOff(value: number): boolean {
	return value === 0 || value === 1;
}

/** Each value until the next one came, and not on the way to it. */
export function stairs(of: Track): Track {
	const t: number[] = [];
	const v: (number | null)[] = [];
	of.t.forEach((time, at) => {
		const [before, value] = [of.v[at - 1], of.v[at] ?? null];
		if (at > 0 && before !== value && before !== null && value !== null) {
			t.push(time - EDGE_S);
			v.push(before ?? null);
		}
		t.push(time);
		v.push(value);
	});
	return { t, v };
}

/** Stretches [from, to] in which a channel is above one half: a door open, a compressor running. */
export function stretches(of: Track, above: number, until: number): [number, number][] {
	const found: [number, number][] = [];
	let from: number | null = null;
	of.t.forEach((time, at) => {
		const value = of.v[at] ?? null;
		const holds = value !== null && value > above;
		if (holds && from === null) from = time;
		if (!holds && from !== null) {
			found.push([from, time]);
			from = null;
		}
	});
	if (from !== null && from < until) found.push([from, until]);
	return found;
}

export interface Mark {
	id: string;
	/** When it was raised [s]. */
	at: number;
	/** When its condition began to hold, a delay before [s]. */
	from: number;
	returned: number | null;
	rule: string;
	delay: number;
	past: boolean;
}

/** The alarms of a run as marks on the time-line, oldest first; `rules` know the delays. */
export function marks(
	alarms: Iterable<Alarm>,
	run: string,
	measures: readonly string[],
	rules: readonly Rule[],
	rung?: string,
): Mark[] {
	const found: Mark[] = [];
	for (const alarm of alarms) {
		const shown = measures.includes(alarm.measure) || alarm.rule === rung;
		if (!shown || (alarm.run ?? run) !== run) continue;
		const at = Date.parse(alarm.raised_at) / 1000;
		const delay = rules.find((rule) => rule.id === alarm.rule)?.on_delay_s ?? 0;
		const returned = alarm.returned_at === null ? null : Date.parse(alarm.returned_at) / 1000;
		found.push({ id: alarm.id, at, from: at - delay, returned, rule: alarm.rule, delay, past: alarm.past });
	}
	return found.sort((a, b) => a.at - b.at);
}
