/** When a screen rings, and how: pure, so that it is tried without a loudspeaker. */

import type { Alarm, Device, Flood, RunClock } from "./types.ts";

export interface Bell {
	/** What rings now, each by a key that stays the same while it does. */
	readonly keys: readonly string[];
	/** A loss is happening: it rings again and again until somebody acknowledges it. */
	readonly insists: boolean;
}

const LOUD = ["critical", "high"];

/** The alarms of timelines that live: one of a story that ended stays in the journal, and calls nobody any more. */
export function living(alarms: Iterable<Alarm>, runs: Readonly<Record<string, RunClock>>): Alarm[] {
	const lives = (run = "real") => run === "real" || (run in runs && runs[run]?.state !== "ended");
	return [...alarms].filter((alarm) => lives(alarm.run));
}

/** The alarms that the room hears of: not those of a device that the facilitator keeps from it. */
export function heeded(alarms: Iterable<Alarm>, devices: ReadonlyMap<string, Pick<Device, "hidden">>): Alarm[] {
	return [...alarms].filter((alarm) => devices.get(alarm.device)?.hidden !== true);
}

/** What rings among the alarms: live, unacknowledged, urgent. A flood is one bell, however many belong to it. */
export function bell(alarms: Iterable<Alarm>, floods: Readonly<Record<string, Flood>>): Bell {
	const keys = new Set<string>();
	let insists = false;
	for (const alarm of alarms) {
		if (alarm.past || alarm.state !== "unacknowledged" || !LOUD.includes(alarm.priority)) continue;
		const flood = alarm.run === undefined ? undefined : floods[alarm.run];
		const grouped = flood?.alarms.includes(alarm.id) ?? false;
		keys.add(grouped ? `flood ${alarm.run} ${flood?.since}` : alarm.id);
		insists ||= alarm.priority === "critical";
	}
	return { keys: [...keys], insists };
}

/** Whether something rings that did not before. */
export function begins(before: readonly string[], now: readonly string[]): boolean {
	return now.some((key) => !before.includes(key));
}

/** The document's title with the number of alarms that wait before it. */
export function titled(title: string, waiting: number): string {
	return waiting > 0 ? `(${waiting}) ${title}` : title;
}

/** How many alarms wait for somebody. */
export function waiting(alarms: Iterable<Alarm>): number {
	let count = 0;
	for (const alarm of alarms) if (!alarm.past && alarm.state === "unacknowledged") count += 1;
	return count;
}

/** Three strokes: [hertz, start s, length s]. */
export const STROKES: readonly (readonly [number, number, number])[] = [
	[880, 0, 0.22],
	[660, 0.26, 0.22],
	[880, 0.52, 0.34],
];
/** A bell that insists rings so often [ms]. */
export const AGAIN_MS = 4000;
