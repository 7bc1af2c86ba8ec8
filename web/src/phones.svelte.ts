/** The curves of the room's phones: the last minute of each, back-filled once, then kept going by what arrives live. */

import { api } from "./api.ts";
import { hub } from "./hub.svelte.ts";
import type { Value } from "./lib/types.ts";

export interface Point {
	/** [s] */
	at: number;
	value: number;
}

export const SPAN_S = 60;
/** Curves that are asked for when a page opens; the others begin with what comes. */
const MOST_FILLED = 40;
const WIDTH = 120;

export class PhoneCurves {
	/** `<device> <channel>` → its points, oldest first. */
	curves = $state.raw<ReadonlyMap<string, readonly Point[]>>(new Map());
	readonly #filled = new Set<string>();

	/** Call while a component starts; follows until the component goes. */
	follow() {
		$effect(() => hub.listen((values) => this.#take(values)));
	}

	of(device: string, channel: string): readonly Point[] {
		return this.curves.get(`${device} ${channel}`) ?? [];
	}

	/** Ask for what these devices said of a channel before the page was there. */
	fill(devices: readonly string[], channel: string | null) {
		if (channel === null) return;
		for (const device of devices) {
			const key = `${device} ${channel}`;
			if (this.#filled.has(key) || this.#filled.size >= MOST_FILLED) continue;
			this.#filled.add(key);
			api.series(device, channel, "real", `-${SPAN_S}s`, WIDTH).then(
				(found) => this.#fill(key, found[0]),
				() => this.#filled.delete(key),
			);
		}
	}

	#fill(key: string, series: { t: (number | string)[]; v: (number | null)[] } | undefined) {
		const known = this.curves.get(key) ?? [];
		const first = known[0]?.at ?? Infinity;
		const before = (series?.t ?? []).flatMap((at, index) => {
			const value = series?.v[index];
			const when = typeof at === "number" ? at : Date.parse(at) / 1000;
			return typeof value === "number" && when < first ? [{ at: when, value }] : [];
		});
		if (before.length > 0) this.curves = new Map(this.curves).set(key, [...before, ...known]);
	}

	#take(values: readonly Value[]) {
		const news = values.filter((each) => each.device.startsWith("phone:") && each.run === "real");
		if (news.length === 0) return;
		const after = new Map(this.curves);
		for (const each of news) {
			const key = `${each.device} ${each.channel}`;
			const at = Date.parse(each.time) / 1000;
			const kept = (after.get(key) ?? []).filter((point) => at - point.at <= SPAN_S && point.at < at);
			after.set(key, [...kept, { at, value: each.value }]);
		}
		this.curves = after;
	}
}
