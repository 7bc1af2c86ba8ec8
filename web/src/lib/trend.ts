/** Which way a value goes, in plain words. */

import { last, type Track } from "./series.ts";

/** Over so long [s] a value must have changed by so much to be called rising or falling. */
export const TREND_S = 900;
export const TREND_LEAST = 0.3;

export type Way = "up" | "down" | "steady";

/** How much a curve changed over its last `window` seconds; null: not enough is known. */
export function change(of: Track, window: number): number | null {
	const end = last(of);
	if (end === null) return null;
	for (let at = of.t.length - 1; at >= 0; at--) {
		const time = of.t[at] ?? 0;
		const value = of.v[at] ?? null;
		if (value === null) continue;
		if (time <= end.t - window) return end.t - time > 2 * window ? null : end.v - value;
	}
	return null;
}

/** The way of a change, where less than `least` either way is none. */
export function way(changed: number | null, least: number): Way | null {
	if (changed === null) return null;
	return changed >= least ? "up" : changed <= -least ? "down" : "steady";
}
