/** A wall that nobody leads goes round the stories that run: which one it shows next. Pure. */

import type { StoryCard } from "./types.ts";

/** How long a story stands where the address does not say [s]; no shorter than one needs to see it, and an hour at most. */
const STANDS_S = 30;
const LEAST_S = 3;
const MOST_S = 3600;

/** How long each story stands [ms], as the address says: `?advance`, `?advance=45`; null: this wall does not go round. */
export function standsFor(search: string): number | null {
	const wish = new URLSearchParams(search).get("advance");
	if (wish === null) return null;
	const seconds = wish === "" ? STANDS_S : Number(wish);
	return 1000 * (Number.isFinite(seconds) ? Math.min(Math.max(seconds, LEAST_S), MOST_S) : STANDS_S);
}

/** The stories that run now, by name, in the order in which the hub lists them. */
export function running(usecases: readonly StoryCard[]): string[] {
	return usecases
		.filter(({ run, state }) => run && (state === "running" || state === "paused"))
		.map(({ name }) => name);
}

/** The story to go on to; null: the one that is shown stays. An alarm that nobody acknowledged holds its story, and calls
 * the wall from another one; `stood` [ms]: since when it is shown. */
export function next(
	stories: readonly string[],
	shown: string | null,
	ringing: ReadonlySet<string>,
	stood: number,
	stands: number,
): string | null {
	if (shown !== null && ringing.has(shown)) return null;
	const called = stories.find((name) => ringing.has(name));
	if (called !== undefined) return called;
	if (stood < stands) return null;
	const after = stories[(stories.indexOf(shown ?? "") + 1) % Math.max(stories.length, 1)] ?? null;
	return after === shown ? null : after;
}
