/** Which story a page tells of its own accord, before any scenario says it. Pure. */

import type { StoryCard } from "./types.ts";

/** The use case that is played now; else, once no simulation is on its way, the one that was played; null: none ever. */
export function told(usecases: readonly StoryCard[], begins: boolean): string | null {
	const played = usecases.filter((each) => each.run);
	const now = played.find((each) => each.state === "running" || each.state === "paused");
	return (now ?? (begins ? undefined : played[0]))?.name ?? null;
}
