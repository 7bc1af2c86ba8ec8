/** The chart around an alarm: what the hub says to draw, with its curves, as panels that share an axis. Pure. */

import { type Mark, onOff, stairs, stretches, type Track } from "./series.ts";
import type { Why } from "./types.ts";

type Around = Why["chart"];
export type Drawn = Around["series"][number] & { track: Track };

/** Curves of one unit, their limits, and when the measures that are only on or off were on. */
export interface Panel {
	unit: string | null;
	curves: Drawn[];
	limits: Around["limits"];
	/** Its curves are only on or off. */
	switched: boolean;
	strips: { title: Drawn["title"]; stretches: [number, number][] }[];
}

/** A measure without unit that was never anything but 0 or 1: a door, a valve. */
function isSwitch({ unit, track }: Drawn): boolean {
	return unit === null && track.v.every((value) => value === null || onOff(value));
}

/** What stayed at nothing all the time is told by the values; its curve would show an axis. */
function isNothing({ track }: Drawn): boolean {
	return track.v.every((value) => value === null || value === 0);
}

/** A door does not open little by little. */
function drawnAs(each: Drawn): Drawn {
	return isSwitch(each) ? { ...each, track: stairs(each.track) } : each;
}

/** One panel a unit, the rule's own first; what is on or off is a strip under it, unless there is nothing else. */
export function panels(around: Around, drawn: readonly Drawn[]): Panel[] {
	const known = drawn.filter(({ track }) => track.t.length > 0);
	const switches = known.every(isSwitch) ? [] : known.filter(isSwitch);
	const found = new Map<string | null, Panel>();
	for (const each of known) {
		if (switches.includes(each)) continue;
		const before = found.get(each.unit) ?? {
			unit: each.unit,
			curves: [],
			limits: [],
			switched: switches.length === 0 && known.every(isSwitch),
			strips: [],
		};
		const limits = around.limits.filter((limit) => limit.measure === each.measure);
		found.set(each.unit, {
			...before,
			curves: [...before.curves, drawnAs(each)],
			limits: [...before.limits, ...limits],
		});
	}
	const [first, ...rest] = found.values();
	if (first === undefined) return [];
	const until = Date.parse(around.stop) / 1000;
	const strips = switches.map(({ title, track }) => ({ title, stretches: stretches(track, 0.5, until) }));
	return [{ ...first, strips }, ...rest.filter((panel) => !panel.curves.every(isNothing))];
}

/** The alarm on the time-line: when its condition began, when it was raised, when it returned to normal. */
export function moments(why: Why): Mark {
	const [at, since, returned] = [why.raised_at, why.since, why.returned_at].map((each) =>
		each === null ? null : Date.parse(each) / 1000,
	) as [number, number | null, number | null];
	const from = since ?? at;
	return { id: why.alarm, at, from, returned, rule: why.rule, delay: at - from, past: false };
}
