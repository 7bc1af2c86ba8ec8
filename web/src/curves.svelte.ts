/** The story's panels, ready to be drawn: curves, limits, alarms and what explains them. */

import { untrack } from "svelte";
import { both, t } from "./choice.svelte.ts";
import { History } from "./history.svelte.ts";
import { hub } from "./hub.svelte.ts";
import { within } from "./lib/format.ts";
import { EMPTY, marks, stretches } from "./lib/series.ts";
import { change, TREND_LEAST, TREND_S, way } from "./lib/trend.ts";
import type { Measure, Panel } from "./lib/types.ts";
import { Noted } from "./noted.svelte.ts";
import type { Curve, Limit, Remark, Strip } from "./panels/paint.ts";
import { story } from "./story.svelte.ts";

/** A stretch that has not ended is drawn to the right edge, wherever that is. */
const FOR_EVER = 1e12;
/** Measures that explain a temperature, and above which value they are "on". */
const EXPLAIN: Readonly<Record<string, number>> = { door_open: 0.5, power: 50 };

export class Curves {
	readonly history = new History();
	readonly #noted = new Noted();

	/** Call while a component starts: follows the story over the last `span` seconds until the component goes. */
	follow(span: () => number) {
		const wanted = $derived.by(() => {
			const shown = new Set([
				...(story.usecase?.panels ?? []).flatMap((panel) => panel.series),
				...Object.keys(EXPLAIN),
			]);
			const run = story.run ?? "";
			// beside a real device, the simulated ones of the other roles speak on a run of their own
			const runOf = ({ device, computed }: Measure) =>
				run === "real" && computed !== true && device !== null ? (hub.picture?.devices.get(device)?.run ?? run) : run;
			return (story.usecase?.measures ?? [])
				.filter((measure) => shown.has(measure.name))
				.map((measure) => ({ ...measure, run: runOf(measure) }));
		});
		const key = $derived(
			JSON.stringify([
				story.run,
				span(),
				hub.connections,
				wanted.map((each) => [each.name, each.device, each.channel, each.run]),
			]),
		);
		const name = $derived(story.usecase?.name ?? "");
		// asked once a change, not once a frame, nor each time that the story is described anew
		const ready = $derived(hub.picture !== null && !hub.early);
		$effect(() => {
			if (key === "" || story.run === null || !ready) return;
			const usecase = name;
			untrack(() => void this.history.load(usecase, wanted, span()));
		});
		$effect(() => {
			const made = wanted.flatMap(({ name, computed }) =>
				computed === true ? (story.sights[name]?.measure ?? []) : [],
			);
			untrack(() => this.history.made(made));
		});
		this.#noted.follow();
		$effect(() => hub.listen((values) => this.history.take(values)));
	}

	track(name: string) {
		return this.history.tracks[name] ?? EMPTY;
	}

	/** Which way a measure goes, in a word; empty: nobody can say. */
	trend(name: string): string {
		const found = way(change(this.track(name), TREND_S), TREND_LEAST);
		return found === null ? "" : t(`trend.${found}`);
	}

	curves(panel: Panel): Curve[] {
		const primary = story.primary.map((each) => each.measure.name);
		return panel.series.flatMap((name) => {
			const seen = story.sights[name];
			if (seen === undefined || seen.hidden) return [];
			const at = primary.indexOf(name);
			return {
				name,
				title: both(seen.measure.title),
				track: this.track(name),
				unit: seen.measure.unit,
				decimals: seen.measure.decimals,
				series: at === 0 || at === 1 ? at : null,
				stale: seen.shown.state === "stale",
				simulated: seen.origin === "simulated",
			};
		});
	}

	limits(panel: Panel): Limit[] {
		return panel.limits.map((limit) => {
			const kind = story.usecase?.rules.find((rule) => rule.id === limit.rule)?.kind;
			return { ...limit, label: t("chart.limit", { value: both(limit.label) }), low: kind === "limit_low" };
		});
	}

	/** Alarms of the rules whose limits a panel shows; `rung`: the rule that rings, wherever its own measure is drawn. */
	marks(panel: Panel, rung?: string) {
		if (story.run === null) return [];
		const limited = new Set([...panel.limits.map((limit) => limit.rule), ...(rung === undefined ? [] : [rung])]);
		const alarms = [...(hub.picture?.alarms.values() ?? [])].filter(
			(alarm) => limited.has(alarm.rule) && !hub.hides(hub.picture?.devices.get(alarm.device)),
		);
		return marks(alarms, story.run, panel.series, story.usecase?.rules ?? [], rung);
	}

	/** What was noted about the story, or about its whole time-line. */
	notes(): Remark[] {
		const own = new Set(story.cast);
		return this.#noted.all.flatMap(({ id, run, time, text, device, usecase }) => {
			const about = (device === null || own.has(device)) && (usecase ?? story.usecase?.name) === story.usecase?.name;
			return run === story.run && about ? { id, at: Date.parse(time) / 1000, text } : [];
		});
	}

	/** When the door was open and the compressor ran, for a panel that does not show them itself. */
	strips(panel: Panel): Strip[] {
		return Object.entries(EXPLAIN).flatMap(([name, above]) => {
			const seen = story.sights[name];
			if (seen === undefined || seen.hidden || panel.series.includes(name)) return [];
			const role = story.usecase?.roles.find((each) => each.name === seen.measure.role);
			const title = name === "door_open" ? both(seen.measure.title) : both(role?.title ?? seen.measure.title);
			return { title: within(title), stretches: stretches(this.track(name), above, FOR_EVER) };
		});
	}
}
