/** What a card says of a command: where it stands by the hub's word, never by the page's hope. */

import type { Command, Device, Pace } from "./types.ts";

export type Standing = "none" | Command["state"];

/** How long [s] an end is told: afterwards the value speaks for itself. A refusal and a silence stay longer. */
const TOLD_S: Readonly<Record<Exclude<Standing, "none">, number>> = {
	sent: Number.POSITIVE_INFINITY,
	confirmed: 10,
	timed_out: 120,
	refused: 60,
	seen: 120,
};
/** A device that may take longer [s] than this listens only now and then, and that is said. */
const LONG_S = 60;

/** Where the newest command of a channel stands at `now` [ms, wall clock]; an old end is not told any more. */
export function standing(command: Command | undefined, now: number | null): Standing {
	if (command === undefined) return "none";
	const age = now === null ? 0 : (now - Date.parse(command.at)) / 1000;
	return age > TOLD_S[command.state] ? "none" : command.state;
}

/** The words for a standing: with the network's own, where one carries the command. */
export type Words =
	| `command.${"sent" | "confirmed" | "timed_out" | "refused" | "seen" | "received"}`
	| `command.stage.${"queued" | "transmitted" | "acknowledged"}`;

export function wordsFor(command: Command): Words {
	const { stage, state } = command;
	if (state === "timed_out" && stage === "acknowledged") return "command.received";
	if (state === "sent" && stage && stage !== "failed") return `command.stage.${stage}`;
	return `command.${state}`;
}

/** By when [ms] the device is to report, where that takes its time; null: soon. */
export function deadline(command: Command | undefined): number | null {
	if (command?.state !== "sent" || !command.until) return null;
	const until = Date.parse(command.until);
	return until - Date.parse(command.at) > LONG_S * 1000 ? until : null;
}

/** Whether a channel is on or off and nothing between, by what it takes. */
export function isSwitch(device: Device, channel: string): boolean {
	const range = device.ranges?.[channel];
	return range === undefined ? /^switch(_|$)/.test(channel) : range.low === 0 && range.high === 1;
}

/** The words for a device that is made to report more often. */
export type PaceWords = `pace.${Pace["state"] | "held_never"}`;

export function paceWords(pace: Pace): PaceWords {
	return pace.state === "held" && pace.original === 0 ? "pace.held_never" : `pace.${pace.state}`;
}

/** Whether there is anything to give back, or to stop. */
export function isPaced(pace: Pace | null | undefined): boolean {
	return pace ? pace.state !== "failed" && pace.state !== "restoring" : false;
}

/** What a press asks for: the opposite of what the device says it is; on, while it has said nothing. */
export function opposite(reported: number | null): 0 | 1 {
	return reported === 1 ? 0 : 1;
}
