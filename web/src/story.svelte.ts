/** The story told: the use case on its timeline, as the pages show it. */

import { t } from "./choice.svelte.ts";
import { hub } from "./hub.svelte.ts";
import { type Sight, sight, standing } from "./lib/sight.ts";

/** A link just lost may be back before anybody notices. */
const LOST_AFTER_MS = 3000;

class Story {
	readonly usecase = $derived(hub.usecase);
	/** Why there is none, in the hub's words. */
	readonly trouble = $derived(hub.trouble);
	readonly scenario = $derived(hub.picture?.scenario ?? null);
	readonly run = $derived(this.usecase?.run ?? this.scenario?.run ?? null);
	readonly clock = $derived(this.run === null ? undefined : hub.picture?.runs[this.run]);
	/** The story's now [ms]. */
	readonly now = $derived(this.run === null ? null : hub.now(this.run));
	readonly simulated = $derived(this.run !== null && this.run !== "real");
	readonly speed = $derived(this.clock?.speed ?? this.scenario?.speed ?? this.usecase?.speed ?? 1);
	readonly paused = $derived(this.speed === 0 || this.clock?.state === "paused");
	readonly zone = $derived(this.usecase?.tz);
	readonly lost = $derived(hub.link !== "open" && hub.beat - hub.heard > LOST_AFTER_MS);
	readonly alarms = $derived(standing(hub.picture?.alarms.values() ?? [], this.usecase, this.run));
	/** Many alarms in a row on the story's run, told as one; null: there are few. */
	readonly flood = $derived(this.run === null ? null : (hub.picture?.floods[this.run] ?? null));
	readonly sights = $derived.by(() => {
		const devices = hub.picture?.devices ?? new Map();
		const found: Record<string, Sight> = {};
		for (const measure of this.usecase?.measures ?? []) {
			found[measure.name] = sight(measure, devices, this.alarms, (run) => hub.now(run), this.lost);
		}
		return found;
	});
	readonly primary = $derived(Object.values(this.sights).filter((each) => each.measure.primary));
	readonly sentence = $derived(
		this.usecase === null ? null : (hub.picture?.sentences[this.usecase.name] ?? this.usecase.sentence),
	);
	/** The devices of the roles; the others are nobody's. */
	readonly cast = $derived(new Set((this.usecase?.roles ?? []).map((role) => role.device)));
	/** The faults as the runner says they are, with the use case's titles. */
	readonly faults = $derived.by(() => {
		const titles = new Map((this.usecase?.faults ?? []).map((fault) => [fault.name, fault]));
		const known = this.scenario?.faults ?? this.usecase?.faults ?? [];
		return known.map((fault) => ({ ...titles.get(fault.name), ...fault }));
	});
	/** Why faults and speed cannot be changed; empty: they can. */
	readonly fixed = $derived.by(() => {
		if (this.usecase?.roles.some((role) => role.state === "real") && !this.simulated) return t("control.real");
		return this.scenario === null ? t("control.no_scenario") : "";
	});
}

export const story = new Story();
