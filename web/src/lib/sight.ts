/** A measure of the story as the page shows it: its value, what that is worth, where it comes from. */

import { judge, type Shown } from "./state.ts";
import type { Alarm, Channel, Computed, Device, Measure, Quality, Sentence, Usecase } from "./types.ts";

export interface Sight {
	measure: Measure;
	device: string;
	channel: string;
	/** As it came, in the unit it is shown in; also what may not be printed large. */
	raw: number | null;
	unit: string | null;
	quality: Quality | null;
	shown: Shown;
	/** The facilitator keeps its device from this screen. */
	hidden?: true;
	/** `missing`: no device plays the role. */
	origin: "simulated" | "real" | "missing";
	/** The timeline of its device. */
	run: string | null;
	/** The worst alarm on it that is not over. */
	alarm: Alarm | null;
}

export function channelOf(device: Device | undefined, name: string): Channel | null {
	return device?.channels.find((channel) => channel.name === name) ?? null;
}

/** A channel's value as the measure shows it: turned, or in its own unit. */
export function converted(measure: Measure, value: number): number {
	if (measure.inverted === true) return 1 - value;
	return value * (measure.factor ?? 1) + (measure.offset ?? 0);
}

/** The measures of a story, those it computes with their newest value on its run. */
export function newest(story: Usecase | null, computed: Computed | undefined): Measure[] {
	const of = computed?.run === story?.run ? (computed?.measures ?? {}) : {};
	return (story?.measures ?? []).map((measure) =>
		measure.computed === true && of[measure.name] !== undefined ? { ...measure, ...of[measure.name] } : measure,
	);
}

/** How a measure is seen; `now` gives the time [ms] of a timeline, `lost`: nothing is heard of the hub any more. */
export function sight(
	measure: Measure,
	devices: ReadonlyMap<string, Device>,
	alarms: readonly Alarm[],
	now: (run: string) => number | null,
	lost = false,
): Sight {
	const device = measure.device === null ? undefined : devices.get(measure.device);
	const channel = channelOf(device, measure.channel);
	const raw = channel?.value ?? null;
	const heard = raw === null ? null : converted(measure, raw);
	const value = measure.computed === true ? measure.value : heard;
	const said = measure.computed === true ? measure : channel;
	const known = said === null || said.quality === null ? null : { value, time: said.time, quality: said.quality };
	return {
		measure,
		device: measure.device ?? "",
		channel: measure.channel,
		raw: value,
		unit: measure.factor === undefined ? (channel?.unit ?? measure.unit) : measure.unit,
		quality: said?.quality ?? null,
		shown: judge(
			known,
			device === undefined ? null : now(device.run),
			// what is made of others is as old as they are, and the hub says when that is too old: its own time is no sign
			measure.computed === true && measure.believed !== undefined ? null : measure.silence_s,
			lost || device?.availability === "offline" || (measure.computed === true && measure.believed === false),
		),
		origin: measure.device === null ? "missing" : device === undefined || device.simulated ? "simulated" : "real",
		run: device?.run ?? null,
		alarm: signOf(measure, alarms),
	};
}

/** The alarm that a value wears: "back to normal" is no word for one while another alarm of its story still stands. */
function signOf(measure: Measure, alarms: readonly Alarm[]): Alarm | null {
	const own = worst(alarms.filter((alarm) => alarm.measure === measure.name));
	return own?.state === "returned" && alarms.some(({ state }) => state !== "returned") ? null : own;
}

/** A measure as if nothing had been heard of it yet. */
export function unheard(seen: Sight): Sight {
	return { ...seen, raw: null, quality: null, shown: judge(null, null, null) };
}

/** A measure of a story that is being begun, or played again (`run`): who plays its role is on the way, a simulator. */
export function begun(seen: Sight, run: string | null = null): Sight {
	return { ...unheard(seen), origin: seen.origin === "missing" ? "simulated" : seen.origin, run: seen.run ?? run };
}

/** A recording and a simulation follow one another on the same devices: what the one said is no news of the other. */
export function apart(one: string | null, other: string | null): boolean {
	if (one === null || other === null || one === "real" || other === "real") return false;
	return one !== other && isReplay(one) !== isReplay(other);
}

/** A run's id says whether it is a recording played again. */
export function isReplay(run: string | null): boolean {
	return run?.startsWith("replay-") === true;
}

/** A story as it was told some time ago, of which nothing is known now: what its screens show until it is told again. */
export function untold(story: Usecase): Usecase {
	const emptied = { value: null, time: null, quality: null };
	const measures = story.measures.map((each) => (each.computed === true ? { ...each, ...emptied } : each));
	return { ...story, run: null, sentence: null, measures };
}

/** A measure that is kept from a screen: nothing of it is known there. */
export function kept(seen: Sight): Sight {
	return { ...unheard(seen), alarm: null, hidden: true };
}

/** Tell whether a sentence speaks of what is kept from a screen: names its value, or is about a large one of the story. */
export function tells(sentence: Sentence, sights: Readonly<Record<string, Sight>>): boolean {
	return Object.entries(sights).some(
		([name, seen]) => seen.hidden === true && (seen.measure.primary || name in sentence.params),
	);
}

const PRIORITY = ["critical", "high", "medium", "low"];
const STATE = ["unacknowledged", "acknowledged", "returned"];

/** The alarms of the story on its run that are neither over nor suppressed: those to acknowledge first, then by priority, then newest. */
export function standing(alarms: Iterable<Alarm>, story: Usecase | null, run: string | null): Alarm[] {
	const found: Alarm[] = [];
	for (const alarm of alarms) {
		const of = story === null || alarm.usecase === story.name;
		const now = run === null || alarm.run === undefined || alarm.run === run;
		const over = alarm.past && alarm.state !== "unacknowledged";
		if (of && now && !over && alarm.suppressed !== true && STATE.includes(alarm.state)) found.push(alarm);
	}
	return found.sort(compare);
}

export function worst(alarms: readonly Alarm[]): Alarm | null {
	return [...alarms].sort(compare)[0] ?? null;
}

function compare(a: Alarm, b: Alarm): number {
	return (
		STATE.indexOf(a.state) - STATE.indexOf(b.state) ||
		PRIORITY.indexOf(a.priority) - PRIORITY.indexOf(b.priority) ||
		Date.parse(b.raised_at) - Date.parse(a.raised_at)
	);
}
