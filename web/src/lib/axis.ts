/** Where a time axis ticks and a table has its rows: whole minutes, hours and days of the story's zone. */

import { type Track, valueAt } from "./series.ts";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const TICKS = [
	1,
	5,
	10,
	15,
	30,
	MINUTE,
	5 * MINUTE,
	10 * MINUTE,
	15 * MINUTE,
	30 * MINUTE,
	HOUR,
	2 * HOUR,
	4 * HOUR,
	6 * HOUR,
	12 * HOUR,
	DAY,
];

/** Times [s] from `from` to `to`, about `most` of them, whole where the zone is `ahead` minutes of UTC; `least`: apart. */
export function wholeTimes(from: number, to: number, most: number, ahead: number, least = MINUTE): number[] {
	const step =
		TICKS.find((each) => each >= least && (to - from) / each <= most) ?? DAY * Math.ceil((to - from) / DAY / most);
	const shift = ahead * MINUTE;
	const found: number[] = [];
	for (let time = Math.ceil((from + shift) / step) * step; time <= to + shift; time += step) found.push(time - shift);
	return found;
}

/** Units of which a quantity may be below zero; of every other one, less than nothing is no place on an axis. */
const SIGNED: ReadonlySet<string | null> = new Set(["°C", "°F", "dBm", "dB", "°"]);

/** Low and high end of a chart's axis, with room around what is on it.
 *
 * `found`: the least and greatest value; `limits`: of which the first is always seen, others where the curves come near;
 * `least`: room that there is at least; `bracketed`: a delay's bracket wants a place under the curves. */
export function heights(
	found: readonly [number, number],
	limits: readonly number[],
	{ units, least, bracketed }: { units: readonly (string | null)[]; least: number; bracketed: boolean },
): [number, number] {
	const near = limits.filter((limit, at) => at === 0 || limit <= found[1] + 1);
	const bottom = Math.min(found[0], ...near);
	const top = Math.max(found[1], ...near);
	const room = Math.max((top - bottom) * 0.14, least);
	const signed = units.some((unit) => SIGNED.has(unit));
	const tight = found[0] >= 0 && bottom - room < 0 ? Math.min(0, found[0]) : bottom - room;
	const low = bracketed ? Math.min(tight, bottom - room * 2.4) : tight;
	return [signed ? low : Math.max(low, Math.min(0, bottom)), top + room * 1.6];
}

/** How many points a key moves a cursor: a step, a stride, to the ends. */
export const STEPS: Readonly<Record<string, number>> = {
	ArrowLeft: -1,
	ArrowDown: -1,
	ArrowRight: 1,
	ArrowUp: 1,
	PageDown: -10,
	PageUp: 10,
	Home: Number.NEGATIVE_INFINITY,
	End: Number.POSITIVE_INFINITY,
};

/** The point `steps` points after `from` (before it where negative); from nowhere, the last one. Null: there is none. */
export function stepped(times: readonly number[], from: number | null, steps: number): number | null {
	if (times.length === 0) return null;
	const last = times.length - 1;
	if (from === null) return times[steps === Number.NEGATIVE_INFINITY ? 0 : last] ?? null;
	const after = times.findIndex((time) => time >= from);
	const at = (after < 0 ? last : after) + steps;
	return times[Math.min(Math.max(at, 0), last)] ?? null;
}

/** What a curve showed at a time: null before its first point, in a gap, and after the end of one that fell silent. */
export function shownAt(curve: { track: Track; stale: boolean }, when: number): number | null {
	const end = curve.track.t.at(-1);
	if (end === undefined || (curve.stale && when > end)) return null;
	return valueAt(curve.track, when);
}

/** Rows of words beside points at these heights, from the top down: at least `step` apart, and none below `bottom`. */
export function spread(heights: readonly number[], step: number, bottom: number): number[] {
	let free = Number.NEGATIVE_INFINITY;
	const rows = heights.map((height) => {
		const row = Math.max(height, free);
		free = row + step;
		return row;
	});
	let lowest = bottom;
	for (let at = rows.length - 1; at >= 0; at -= 1) {
		const row = Math.min(rows[at] ?? lowest, lowest);
		rows[at] = row;
		lowest = row - step;
	}
	return rows;
}
