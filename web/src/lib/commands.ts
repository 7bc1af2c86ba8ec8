/** What a card says of a command: where it stands by the hub's word, never by the page's hope. */

import type { Command } from "./types.ts";

export type Standing = "none" | "sent" | "confirmed" | "timed_out" | "refused";

/** How long [s] an end is told: afterwards the value speaks for itself. A refusal and a silence stay longer. */
const TOLD_S: Readonly<Record<Exclude<Standing, "none">, number>> = {
	sent: Number.POSITIVE_INFINITY,
	confirmed: 10,
	timed_out: 120,
	refused: 60,
};

/** Where the newest command of a channel stands at `now` [ms, wall clock]; an old end is not told any more. */
export function standing(command: Command | undefined, now: number | null): Standing {
	if (command === undefined) return "none";
	const age = now === null ? 0 : (now - Date.parse(command.at)) / 1000;
	return age > TOLD_S[command.state] ? "none" : command.state;
}

/** What a press asks for: the opposite of what the device says it is; on, while it has said nothing. */
export function opposite(reported: number | null): 0 | 1 {
	return reported === 1 ? 0 : 1;
}
