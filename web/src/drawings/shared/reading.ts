/** What a drawing may move with: a measure that is known now, or nothing. Pure; the drawings ask here and nowhere else. */

import type { Sight } from "../../lib/sight.ts";

/** The story's measures by name: what every drawing is given. */
export interface Drawn {
	sights: Readonly<Record<string, Sight | undefined>>;
	/** What the money's cards suppose, by its id: a price, a share. */
	hypotheses?: Readonly<Record<string, number>>;
}

export type Switch = "on" | "off" | "unknown";
export type News = "fresh" | "silent" | "refused" | "waiting" | "missing" | "hidden";

/** The value that may be drawn as true now; null: silent, refused, never heard, or nobody plays the role. */
export function valueOf(sight: Sight | undefined): number | null {
	return newsOf(sight) === "fresh" ? (sight?.shown.value ?? null) : null;
}

/** Why a measure is drawn as it is; `fresh` is the only one that may move. */
export function newsOf(sight: Sight | undefined): News {
	if (sight?.hidden) return "hidden";
	if (sight === undefined || sight.origin === "missing") return "missing";
	switch (sight.shown.state) {
		case "live":
		case "uncertain":
			return "fresh";
		case "stale":
			return "silent";
		case "bad":
			return "refused";
		case "waiting":
			return "waiting";
	}
}

/** On above `above`, off below; a door, a valve, a relay, and a machine by the power that it draws [W]. */
export function switchOf(sight: Sight | undefined, above = 0.5): Switch {
	const value = valueOf(sight);
	if (value === null) return "unknown";
	return value >= above ? "on" : "off";
}

/** Where a value stands between `low` (0) and `high` (1), never outside; null where it is not known. */
export function shareOf(value: number | null, low: number, high: number): number | null {
	return value === null ? null : Math.min(Math.max((value - low) / (high - low), 0), 1);
}

const PACES = 4;

/** Seconds of one turn, from `slow` (share 0) to `fast` (share 1), in a few steps: each new one makes the motion jump. */
export function paceOf(share: number, slow: number, fast: number): number {
	const step = Math.round(Math.min(Math.max(share, 0), 1) * PACES) / PACES;
	return Number((slow * (fast / slow) ** step).toFixed(2));
}
