/** The drawings of the gallery: each says its measures and a few states, and is shown besides as nobody likes to see it. */

import type { Sight } from "../lib/sight.ts";
import type { ValueState } from "../lib/state.ts";
import type { Measure } from "../lib/types.ts";
import { seen } from "./fake.ts";

/** What a file of gallery/drawings exports as `example`; it is named as its drawing. */
export interface Example {
	measures: readonly Measure[];
	/** The measures whose device is real; the others are simulated. */
	real?: readonly string[];
	/** What the money's cards suppose. */
	hypotheses?: Readonly<Record<string, number>>;
	/** Values by measure, by what the state is called. */
	states: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export type Sights = Readonly<Record<string, Sight>>;

const FILES = import.meta.glob<{ example: Example }>("./drawings/*.ts", { eager: true });
/** What every drawing must tell without a value that is believed. */
const WITHOUT: [string, ValueState, Sight["origin"] | null][] = [
	["silent", "stale", null],
	["refused", "bad", null],
	["no value yet", "waiting", null],
	["no device", "waiting", "missing"],
];

function sights(
	of: Example,
	values: Readonly<Record<string, number>>,
	state: ValueState,
	origin: Sight["origin"] | null,
) {
	const found: Record<string, Sight> = {};
	for (const measure of of.measures) {
		const from = origin ?? (of.real?.includes(measure.name) ? "real" : "simulated");
		found[measure.name] = seen(measure, values[measure.name] ?? 0, state, from);
	}
	return found;
}

/** Each drawing with its states: those of its example, then silent, refused, unheard and missing. */
export const SCENES: { usecase: string; hypotheses: Readonly<Record<string, number>>; states: [string, Sights][] }[] =
	Object.entries(FILES).map(([path, file]) => {
		const [first = {}] = Object.values(file.example.states);
		return {
			usecase: path.replace(/^.*\/|\.ts$/g, ""),
			hypotheses: file.example.hypotheses ?? {},
			states: [
				...Object.entries(file.example.states).map(([name, values]): [string, Sights] => [
					name,
					sights(file.example, values, "live", null),
				]),
				...WITHOUT.map(([name, state, origin]): [string, Sights] => [name, sights(file.example, first, state, origin)]),
			],
		};
	});
