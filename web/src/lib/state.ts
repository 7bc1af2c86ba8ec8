/** What a value is worth now: the states of stage/README, decided in one place. */

import type { Quality } from "./types.ts";

export type ValueState = "live" | "waiting" | "stale" | "uncertain" | "bad";

/** How long [s] a value is believed where the hub does not say. */
export const BELIEVED_S = 900;

export interface Known {
	value: number | null;
	/** RFC 3339; null: never measured. */
	time: string | null;
	quality: Quality | null;
}

export interface Shown {
	state: ValueState;
	/** What may be printed large; null: nothing may. */
	value: number | null;
	/** Seconds since it was measured, on its own timeline; null: never, or nobody knows the time. */
	age: number | null;
}

/** Decide how a value is shown at `now` [ms] of its timeline; `silence` [s]: how long it is believed. */
export function judge(known: Known | null, now: number | null, silence: number | null, offline = false): Shown {
	if (known === null || known.time === null || known.value === null || !Number.isFinite(known.value)) {
		return { state: "waiting", value: null, age: null };
	}
	const at = Date.parse(known.time);
	const age = now === null || Number.isNaN(at) ? null : Math.max(0, (now - at) / 1000);
	if (offline || (silence !== null && age !== null && age > silence)) {
		return { state: "stale", value: known.quality === "bad" ? null : known.value, age };
	}
	if (known.quality === "bad") return { state: "bad", value: null, age };
	return { state: known.quality === "uncertain" ? "uncertain" : "live", value: known.value, age };
}
