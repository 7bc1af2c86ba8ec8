/** The story told: the use case on its timeline, as the pages show it. */

import { both, type Key, t } from "./choice.svelte.ts";
import { hub } from "./hub.svelte.ts";
import { pace, preparing } from "./lib/clock.ts";
import { apart, begun, kept, newest, type Sight, sight, standing, tells } from "./lib/sight.ts";

class Story {
	readonly usecase = $derived(hub.usecase);
	/** What is told, or is on its way: its title is there before anything else of it. */
	readonly title = $derived(both(hub.announced ?? this.usecase?.title));
	/** Why there is none, in the hub's words. */
	readonly trouble = $derived(hub.trouble);
	readonly scenario = $derived(hub.picture?.scenario ?? null);
	/** The timeline that is told; null: nobody knows, or the next story is on its way. */
	readonly run = $derived.by(() => {
		if (hub.coming !== null) return null;
		const [told, played] = [this.usecase?.run ?? null, this.scenario];
		const real = this.usecase?.roles.some((role) => role.state === "real") === true;
		// the scenario's word comes before the story has followed to its run; one that was never heard says "real"
		if (!real && played !== null && played.usecase === this.usecase?.name) return played.run;
		return told ?? played?.run ?? null;
	});
	readonly clock = $derived(this.run === null ? undefined : hub.picture?.runs[this.run]);
	/** The story's now [ms]. */
	readonly now = $derived(this.run === null ? null : hub.now(this.run));
	readonly simulated = $derived(this.run !== null && this.run !== "real");
	readonly speed = $derived(this.clock?.speed ?? this.scenario?.speed ?? this.usecase?.speed ?? 1);
	/** Its past is still being made: nothing that is heard yet says how things stand now. */
	readonly preparing = $derived(hub.coming !== null || preparing(this.run, this.clock, this.scenario));
	/** What stands where there is no sentence yet. */
	readonly waiting: Key = $derived.by(() => {
		if (this.preparing) return "story.preparing";
		return Object.values(this.sights).some((each) => each.hidden) ? "story.hidden" : "story.waiting";
	});
	/** What stands where there is no story. */
	readonly none: Key = $derived(
		hub.picture === null ? "story.connecting" : hub.begins || !hub.untold ? "story.waiting" : "story.none",
	);
	readonly paused = $derived(this.speed === 0 || this.clock?.state === "paused");
	readonly pace = $derived(pace(this.speed, this.paused, this.preparing, t("clock.paused")));
	readonly zone = $derived(hub.zone);
	readonly lost = $derived(hub.lost);
	readonly #standing = $derived(
		hub.coming !== null ? [] : standing(hub.picture?.alarms.values() ?? [], this.usecase, this.run),
	);
	readonly alarms = $derived(this.#standing.filter((alarm) => !hub.hides(hub.picture?.devices.get(alarm.device))));
	/** Many alarms in a row on the story's run, told as one; null: there are few. */
	readonly flood = $derived(this.run === null ? null : (hub.picture?.floods[this.run] ?? null));
	readonly sights = $derived.by(() => {
		const devices = hub.picture?.devices ?? new Map();
		const found: Record<string, Sight> = {};
		const computed = this.usecase === null ? undefined : hub.picture?.computed[this.usecase.name];
		for (const measure of newest(this.usecase, computed)) {
			const seen = sight(measure, devices, this.alarms, (run) => hub.now(run), this.lost);
			if (hub.hides(devices.get(seen.device))) found[measure.name] = kept(seen);
			else if (apart(seen.run, this.run)) found[measure.name] = begun({ ...seen, run: this.run });
			else found[measure.name] = this.preparing || this.#prepares(seen.run) ? begun(seen, this.run) : seen;
		}
		return found;
	});
	/** What is drawn and no real device says: its own run tells whether it is played again; the story's may be the next. */
	readonly pretended = $derived(Object.values(this.sights).find((each) => each.origin === "simulated"));
	readonly primary = $derived(Object.values(this.sights).filter((each) => each.measure.primary && !each.hidden));

	/** A device may be on the next run already, of which the story has not heard yet: its past is still being made. */
	#prepares(run: string | null): boolean {
		return run !== null && preparing(run, hub.picture?.runs[run], this.scenario);
	}

	/** What the cards of the money suppose, by id; a drawing shows the cents with them. */
	readonly hypotheses = $derived(
		Object.fromEntries(
			(this.usecase?.money ?? []).flatMap((card) => card.hypotheses.map(({ id, value }) => [id, value] as const)),
		),
	);
	readonly sentence = $derived.by(() => {
		if (this.usecase === null || this.preparing) return null;
		const { name, run, sentence } = this.usecase;
		const live = hub.picture?.sentences[name];
		// what a sentence tells of is what was computed with it
		if (apart(live === undefined ? run : (hub.picture?.computed[name]?.run ?? null), this.run)) return null;
		const said = live ?? sentence;
		// while the device of an alarm is kept from this screen, the sentence is about what nobody here is to know
		const isKept = this.alarms.length < this.#standing.length;
		return said !== null && (isKept || tells(said, this.sights)) ? null : said;
	});
	/** The devices of the roles; the others are nobody's. */
	readonly cast = $derived(new Set((this.usecase?.roles ?? []).map((role) => role.device)));
	/** The faults as the runner says they are, with the use case's titles. */
	readonly faults = $derived.by(() => {
		const titles = new Map((this.usecase?.faults ?? []).map((fault) => [fault.name, fault]));
		const known = this.scenario?.faults ?? this.usecase?.faults ?? [];
		return known.map((fault) => ({ ...titles.get(fault.name), ...fault }));
	});
	/** Why nothing of the story can be changed; empty: it can. */
	readonly fixed = $derived(this.scenario === null ? t("control.no_scenario") : "");
	/** Why its speed stays ×1, in the hub's words: a real device plays; empty: it may be changed. */
	readonly held = $derived(both(this.usecase?.fixed));
	/** The use case is off: its alarms are suppressed. */
	readonly off = $derived.by(() => {
		// the room's word comes with the press; a table's page has its own story's
		const told = hub.table > 0 ? null : (hub.picture?.off ?? null);
		return told === null ? this.usecase?.off === true : told.includes(this.usecase?.name ?? "");
	});
}

export const story = new Story();
