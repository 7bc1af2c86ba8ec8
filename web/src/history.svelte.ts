/** The curves of the story: back-filled from the hub when asked for, then kept going by what arrives live. */

import { api } from "./api.ts";
import { EMPTY, extended, type Point, since, thinned, type Track, track } from "./lib/series.ts";
import { converted } from "./lib/sight.ts";
import type { Measure, Value } from "./lib/types.ts";

/** A measure, and the run on which its device speaks. */
export type Heard = Measure & { run: string };

/** A curve goes on four times a second, however often its device speaks. */
export const FLUSH_MS = 250;
const RETRY_MS = 3000;
const POINTS = 900;
/** Points of a curve that is kept going: twice what the hub gives, which is already one for each pixel twice. */
const MOST = 4 * POINTS;

export class History {
	/** By name of the measure. */
	tracks = $state.raw<Readonly<Record<string, Track>>>({});
	state = $state<"empty" | "loading" | "ready">("empty");

	#measures: readonly Heard[] = [];
	#usecase = "";
	#runs = "";
	#span = 0;
	#round = 0;
	#queue: Value[] = [];
	#flush: ReturnType<typeof setTimeout> | null = null;
	#retry: ReturnType<typeof setTimeout> | undefined;

	/** Show these measures of a story over the last `span` seconds: everything is asked for again. */
	async load(usecase: string, measures: readonly Heard[], span: number): Promise<void> {
		const round = ++this.#round;
		clearTimeout(this.#retry);
		const runs = JSON.stringify(measures.map((measure) => [measure.name, measure.run]));
		const other = runs !== this.#runs || usecase !== this.#usecase;
		this.#measures = measures.filter((measure) => measure.device !== null);
		this.#usecase = usecase;
		this.#runs = runs;
		this.#span = span;
		if (other) {
			this.tracks = {};
			this.#queue = [];
		}
		this.state = this.state === "ready" && !other ? "ready" : "loading";
		try {
			const found = await Promise.all(this.#measures.map((measure) => this.#ask(measure, span)));
			if (round !== this.#round) return;
			this.tracks = Object.fromEntries(found);
			this.state = "ready";
			this.#drain();
		} catch {
			// the hub is away or busy: the curve that is there stays, and is asked for again
			if (round === this.#round) this.#retry = setTimeout(() => void this.load(usecase, measures, span), RETRY_MS);
		}
	}

	async #ask(measure: Heard, span: number): Promise<[string, Track]> {
		const { name, channel, run } = measure;
		if (measure.computed === true) {
			return [name, track(await api.measured(this.#usecase, name, run, `-${span}s`, POINTS))];
		}
		const found = await api.series(measure.device ?? "", channel, run, `-${span}s`, POINTS);
		const whole = track(found);
		const values = whole.v.map((value) => (value === null ? null : converted(measure, value)));
		return [measure.name, { t: whole.t, v: values }];
	}

	/** Take what a delta brought. */
	take(values: readonly Value[]): void {
		const runs = new Set(this.#measures.map((measure) => measure.run));
		this.#queue.push(...values.filter((value) => runs.has(value.run)));
		if (this.#queue.length > 0 && this.#flush === null) {
			this.#flush = setTimeout(() => this.#drain(), FLUSH_MS);
		}
	}

	/** Take the newest of what the story computes; `measures` as they are now. */
	made(measures: readonly Measure[]): void {
		if (this.state !== "ready") return;
		const tracks = { ...this.tracks };
		for (const { name, value, time, silence_s } of measures) {
			const before = tracks[name];
			if (before === undefined || value === null || time === null) continue;
			tracks[name] = since(
				extended(before, [[Date.parse(time) / 1000, value]], silence_s),
				Date.parse(time) / 1000 - this.#span,
			);
		}
		this.tracks = tracks;
	}

	#drain() {
		this.#flush = null;
		if (this.state !== "ready" || this.#queue.length === 0) return;
		const queue = this.#queue;
		this.#queue = [];
		const tracks = { ...this.tracks };
		for (const measure of this.#measures) {
			const before = tracks[measure.name] ?? EMPTY;
			const heard = queue.filter(
				({ device, channel, run }) => device === measure.device && channel === measure.channel && run === measure.run,
			);
			const points = heard.map(({ time, quality, value }): Point => {
				return [Date.parse(time) / 1000, quality === "bad" ? null : converted(measure, value)];
			});
			const after = extended(before, points, measure.silence_s);
			if (after === before) continue;
			tracks[measure.name] = thinned(since(after, (after.t.at(-1) ?? 0) - this.#span), MOST);
		}
		this.tracks = tracks;
	}
}
