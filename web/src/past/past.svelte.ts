/** The curves, alarms and notes of a view: asked of the hub, thinned out there to the width of the chart. */

import { api } from "../api.ts";
import { explain } from "../explain.ts";
import { keyOf, type Source, type View } from "../lib/past.ts";
import { track, type Track } from "../lib/series.ts";
import type { Alarm, Note, Series } from "../lib/types.ts";

/** A channel's past on one run. */
export interface Found extends Source {
	key: string;
	run: string;
	unit: string | null;
	track: Track;
	low: Track | null;
	high: Track | null;
}

const MOST_ALARMS = "200";

export class Past {
	found = $state.raw<readonly Found[]>([]);
	alarms = $state.raw<readonly Alarm[]>([]);
	notes = $state.raw<readonly Note[]>([]);
	state = $state<"loading" | "ready">("loading");
	trouble = $state("");
	#round = 0;

	/** Ask for what a view shows, `width` pixels wide; `runOf`: the run that a device is on. */
	async load(view: View, width: number, runOf: (device: string) => string): Promise<void> {
		const round = ++this.#round;
		try {
			const heard = view.sources.filter((each) => !each.computed);
			const told = (await Promise.all(heard.map((each) => this.#curves(each, view, width, runOf)))).flat();
			const on = new Set(told.map((each) => each.run));
			const made = view.sources.filter((each) => each.computed);
			const found = [...told, ...(await Promise.all(made.map((each) => this.#made(each, view, width, on)))).flat()];
			const runs = [...new Set(found.map((each) => each.run))];
			const [alarms, notes] = await Promise.all([this.#alarms(view, runs), this.#notes(view, runs)]);
			if (round !== this.#round) return;
			this.found = found;
			this.alarms = alarms;
			this.notes = notes;
			this.state = "ready";
			this.trouble = "";
		} catch (error) {
			// what is drawn stays, and is asked for again
			if (round === this.#round) this.trouble = explain(error);
		}
	}

	async #curves(source: Source, view: View, width: number, runOf: (device: string) => string): Promise<Found[]> {
		const run = view.session === null ? (view.run ?? runOf(source.device)) : view.run;
		const query = within(view, run);
		query.set("device", source.device);
		query.set("channel", source.channel);
		query.set("width", String(Math.round(Math.min(Math.max(width, 60), 2000))));
		const series = await api.past(query);
		const key = keyOf(source);
		if (series.length === 0) {
			const none = { t: [], v: [] };
			return [{ ...source, key, run: run ?? "real", unit: null, track: none, low: null, high: null }];
		}
		const runs = [...new Set(series.map((each) => each.run))];
		return runs.map((each) => ofRun({ ...source, key }, each, series));
	}

	/** A computed measure: of an archived session on the runs of what was heard in it, else on the run of its story. */
	async #made(source: Source, view: View, width: number, on: ReadonlySet<string>): Promise<Found[]> {
		const asked = view.run !== null ? [view.run] : view.session !== null && on.size > 0 ? [...on] : [null];
		const key = keyOf(source);
		const found = await Promise.all(
			asked.map(async (run) => {
				const query = within({ ...view, session: null }, run);
				query.set("usecase", source.device);
				query.set("measure", source.channel);
				query.set("width", String(Math.round(Math.min(Math.max(width, 60), 2000))));
				return api.past(query);
			}),
		);
		return found.flat().map((each) => ofRun({ ...source, key }, each.run, [each]));
	}

	async #alarms(view: View, runs: readonly string[]): Promise<Alarm[]> {
		const sources = new Set(view.sources.map((each) => each.device));
		const asked = view.session === null ? runs : [null];
		const pages = asked.map((run) => {
			const query = within(view, run);
			query.set("limit", MOST_ALARMS);
			return api.alarms(query);
		});
		return (await Promise.all(pages))
			.flatMap((page) => page.alarms)
			.filter((alarm) => sources.has(alarm.device) || sources.has(alarm.usecase));
	}

	async #notes(view: View, runs: readonly string[]): Promise<Note[]> {
		const devices = new Set(view.sources.map((each) => each.device));
		const query = within(view, null);
		return (await api.notes(query)).filter(
			(note) => runs.includes(note.run) && (note.device === null || devices.has(note.device)),
		);
	}
}

/** The question about a view's time; a span counts from the now of the run. */
export function within(view: View, run: string | null): URLSearchParams {
	const query = new URLSearchParams();
	if (view.to === null) query.set("start", `-${Math.ceil(view.span)}s`);
	else {
		query.set("start", new Date((view.to - view.span) * 1000).toISOString());
		query.set("stop", new Date(view.to * 1000).toISOString());
	}
	if (run !== null) query.set("run", run);
	if (view.session !== null) query.set("session", view.session);
	return query;
}

function ofRun(source: Source & { key: string }, run: string, series: readonly Series[]): Found {
	const mine = series.filter((each) => each.run === run);
	const thinned = mine.some((each) => (each.min?.length ?? 0) > 0);
	const edge = (which: "min" | "max") =>
		thinned ? track(mine.map((each) => ({ ...each, v: each[which]?.length ? each[which] : each.v }))) : null;
	const unit = mine[0]?.unit ?? null;
	return { ...source, run, unit, track: track(mine), low: edge("min"), high: edge("max") };
}
