/** What the history page shows, as its address says it: channels, time, manner. Pure. */

import { shortDay, time } from "./format.ts";
import type { Language } from "./types.ts";

/** A channel of a device; `computed`: a measure of a use case, which no channel gives: the hub computes it anew. */
export interface Source {
	device: string;
	channel: string;
	computed?: true;
}

export interface View {
	sources: readonly Source[];
	/** Seconds shown. */
	span: number;
	/** The right edge [s since 1970]; null: now, and it goes on. */
	to: number | null;
	/** Each channel in a chart of its own. */
	stacked: boolean;
	/** A run other than the one each device is on now. */
	run: string | null;
	/** A workshop session that is over. */
	session: string | null;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** One minute to one year, in seconds. */
export const RANGES = [60, 600, 3600, 28_800, 86_400, 604_800, 2_592_000, 31_536_000] as const;
const [SHORTEST, LONGEST] = [MINUTE, 366 * DAY];
/** More curves nobody can tell apart. */
export const MOST = 8;
const LATEST = 4e9;

/** The view that an address asks for; what is no number or too many is left out. */
export function viewAt(search: string): View {
	const query = new URLSearchParams(search);
	const span = Number(query.get("span") ?? HOUR);
	const to = Number(query.get("to") ?? Number.NaN);
	return {
		sources: unique(
			[...query].flatMap(([name, text]) => {
				if (name === "c") return sourceOf(text);
				return name === "m" ? sourceOf(text).map((each): Source => ({ ...each, computed: true })) : [];
			}),
		).slice(0, MOST),
		span: Number.isFinite(span) ? Math.min(Math.max(span, SHORTEST), LONGEST) : HOUR,
		to: Number.isFinite(to) && to > 0 && to < LATEST ? to : null,
		stacked: query.get("view") === "stacked",
		run: query.get("run") || null,
		session: query.get("session") || null,
	};
}

/** The address of a view: to be kept, sent, opened again. */
export function addressOf(view: View): string {
	const query = new URLSearchParams(
		view.sources.map((each) => [each.computed ? "m" : "c", `${each.device}/${each.channel}`]),
	);
	query.set("span", String(Math.round(view.span)));
	if (view.to !== null) query.set("to", String(Math.round(view.to)));
	if (view.stacked) query.set("view", "stacked");
	if (view.run !== null) query.set("run", view.run);
	if (view.session !== null) query.set("session", view.session);
	return `/history?${query}`;
}

/** No device's id holds a space: a measure is never taken for a channel. */
export const keyOf = ({ device, channel, computed }: Source) => `${device}${computed ? " " : ""}/${channel}`;

function sourceOf(text: string): Source[] {
	const at = text.lastIndexOf("/");
	return at > 0 && at < text.length - 1 ? [{ device: text.slice(0, at), channel: text.slice(at + 1) }] : [];
}

function unique(sources: readonly Source[]): Source[] {
	return [...new Map(sources.map((each) => [keyOf(each), each])).values()];
}

/** Twice as near (0.5) or as far (2), about the middle; what goes on stays at its right edge. */
export function zoomed(view: View, factor: number): View {
	const span = Math.min(Math.max(view.span * factor, SHORTEST), LONGEST);
	return { ...view, span, to: view.to === null ? null : view.to + (span - view.span) / 2 };
}

/** Half a width earlier (−1) or later (1); past `now` [s] it goes on with the time. */
export function moved(view: View, steps: number, now: number): View {
	const to = (view.to ?? now) + (steps * view.span) / 2;
	return { ...view, to: to >= now ? null : to };
}

/** Another timeline: an earlier run or a session, at its end; both null: what goes on now. */
export function elsewhere(view: View, run: string | null, session: string | null): View {
	return { ...view, run, session, to: null };
}

/** The stretch [s] that somebody drew on a chart, or came to by hand; past `now` [s] it goes on with the time. */
export function chosen(view: View, from: number, to: number, now = Number.POSITIVE_INFINITY): View {
	const span = Math.min(Math.max(to - from, SHORTEST), LONGEST);
	const end = (from + to + span) / 2;
	return { ...view, span, to: end > now ? null : end };
}

/** Fingers closer than this share of the width are not told from one. */
const CLOSEST = 0.04;

/** The stretch [s] once one or two fingers that lay on it at `held` (shares of its width, 0–1) are at `at`: one takes
 * the picture along; two draw it nearer and farther, each keeping the moment that it holds. */
export function pulled(
	[from, to]: readonly [number, number],
	held: readonly number[],
	at: readonly number[],
): [number, number] {
	const [one = 0, other] = held;
	const [here = 0, there] = at;
	const span = to - from;
	if (other === undefined || there === undefined) return [from + (one - here) * span, to + (one - here) * span];
	const apart = Math.max(Math.abs(there - here), CLOSEST);
	const next = Math.min(Math.max((Math.max(Math.abs(other - one), CLOSEST) / apart) * span, SHORTEST), LONGEST);
	const start = from + ((one + other) / 2) * span - ((here + there) / 2) * next;
	return [start, start + next];
}

/** How often [ms] curves that go on are asked for again, at `speed` seconds of their time a second. */
export function pause(span: number, speed: number): number {
	return Math.min(Math.max((span / Math.max(speed, 1) / 300) * 1000, 2000), 30_000);
}

export interface Drawn {
	key: string;
	run: string;
	unit: string | null;
}

/** Which curves share a chart: those of one timeline and at most two units; stacked, each has its own. */
export function charts<T extends Drawn>(curves: readonly T[], stacked: boolean): T[][] {
	if (stacked) return curves.map((each) => [each]);
	const found: T[][] = [];
	for (const each of curves) {
		const room = found.find((chart) => chart[0]?.run === each.run && unitsOf([...chart, each]).length <= 2);
		if (room) room.push(each);
		else found.push([each]);
	}
	return found;
}

/** The units of curves, in order: the first has the left axis, the second the right one. */
export function unitsOf(curves: readonly Drawn[]): string[] {
	return [...new Set(curves.map((each) => each.unit ?? ""))];
}

/** Low and high end of an axis: what is drawn with some air around it. */
export function bounds(found: [number, number] | null): [number, number] {
	if (found === null) return [0, 1];
	const room = Math.max((found[1] - found[0]) * 0.1, Math.abs(found[1]) * 0.002, 0.05);
	const low = found[0] >= 0 && found[0] - room < 0 ? 0 : found[0] - room;
	return [low, found[1] + room];
}

/** A moment under an axis or in a table: as much of it as the stretch shown needs. */
export function stamp(at: number, span: number, language: Language, zone?: string): string {
	const clock = time(at * 1000, zone, span <= 10 * MINUTE);
	if (span <= DAY) return clock;
	return `${dayOf(at, span, language, zone)} ${clock}`;
}

/** A tick: its clock, or the day where one begins. */
export function tick(at: number, span: number, language: Language, zone?: string): string {
	const clock = time(at * 1000, zone, span <= 10 * MINUTE);
	return clock === "00:00" || span > 20 * DAY ? dayOf(at, span, language, zone) : clock;
}

function dayOf(at: number, span: number, language: Language, zone?: string): string {
	if (span <= 20 * DAY) return shortDay(at * 1000, language, zone);
	return new Intl.DateTimeFormat(language === "fr" ? "fr-FR" : "en-GB", {
		day: "numeric",
		month: "short",
		...(zone ? { timeZone: zone } : {}),
	}).format(at * 1000);
}
