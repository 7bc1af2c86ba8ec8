/** Times of a run, from what the hub last said of its clock. */

import type { Link } from "./live.ts";
import type { RunClock, Scenario } from "./types.ts";

/** After so long without news a simulated clock stands: nobody knows whether it still runs. */
const STANDS_AFTER_MS = 15_000;

/** The run's now [ms since 1970] when the page's monotonic clock has gone `passed` ms on since `clock` arrived. */
export function nowOf(clock: RunClock | undefined, passed: number): number | null {
	if (clock === undefined) return null;
	const at = Date.parse(clock.now);
	if (Number.isNaN(at)) return null;
	const running = clock.state === undefined || clock.state === "running";
	return at + (running ? Math.min(Math.max(passed, 0), STANDS_AFTER_MS) * clock.speed : 0);
}

/** A link just lost may be back before anybody notices; a busy phone takes its time to connect, and is told so meanwhile
 * (LinkBar): its values have been true a moment ago. */
const LOST_AFTER_MS = 3000;
const CONNECTS_MS = 8000;

/** The hub is not heard any more, and what is known grows old; [ms, monotonic]: the page's now, when it was last heard,
 * when it was first called. What came with the page was made before its program ran: that is no silence. */
export function lost(link: Link, now: number, heard: number, called: number): boolean {
	if (link === "open") return false;
	return now - Math.max(heard, called) > (link === "connecting" ? CONNECTS_MS : LOST_AFTER_MS);
}

/** The past of a simulation is being made, as its runner says, or taken in, as the hub does: it may be behind. */
export function preparing(run: string | null, clock: RunClock | undefined, scenario: Scenario | null): boolean {
	if (run === null || run === "real") return false;
	if (scenario?.run === run && scenario.state !== "running") return scenario.state === "preparing";
	if (clock === undefined) return scenario?.run === run; // the hub has not even heard of it
	return clock.state === "preparing";
}

/** How a run goes, as it stands behind its clock; nothing while its past is being made: nobody has paused it. */
export function pace(speed: number, paused: boolean, prepares: boolean, word: string): string {
	return prepares ? "" : `, ${paused ? word : `×${speed}`}`;
}
