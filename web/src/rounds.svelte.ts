/** A projector that nobody leads goes from one running story to the next (`?advance`). */

import { api } from "./api.ts";
import { hub } from "./hub.svelte.ts";
import { next, running, standsFor } from "./lib/rounds.ts";
import { heeded, living } from "./lib/siren.ts";

export class Rounds {
	/** The stories that run; empty: this wall does not go round. */
	stories = $state.raw<string[]>([]);

	readonly #stands = standsFor(location.search);
	/** When the story shown came [ms, monotonic], and when the stories were last asked for. */
	#since = performance.now();
	#asked = Number.NEGATIVE_INFINITY;
	#busy = false;
	/** The guide leads, the room votes or joins, the screens are frozen, or another story is on its way. */
	readonly #led = $derived.by(() => {
		const picture = hub.picture;
		if (picture === null || hub.frozen || hub.announced !== null) return true;
		return picture.wall.guide !== null || picture.vote !== null || picture.room.shows !== "story";
	});
	readonly #ringing = $derived.by(() => {
		const alarms = living(hub.picture?.alarms.values() ?? [], hub.picture?.runs ?? {});
		const heard = heeded(alarms, hub.picture?.devices ?? new Map());
		const waiting = heard.filter((alarm) => !alarm.past && alarm.state === "unacknowledged" && !alarm.suppressed);
		return new Set(waiting.map((alarm) => alarm.usecase));
	});

	/** Call while a component starts: goes round until the component goes. */
	follow() {
		const stands = this.#stands;
		if (stands === null) return;
		$effect(() => {
			const [led, ringing] = [this.#led, this.#ringing];
			void this.#step(hub.beat, stands, led, ringing);
		});
		$effect(() => () => hub.lead(null));
	}

	async #step(now: number, stands: number, led: boolean, ringing: ReadonlySet<string>) {
		if (this.#busy) return;
		if (led) {
			this.#since = now;
			if (hub.picture?.wall.guide || hub.announced !== null) void hub.lead(null);
			return;
		}
		this.#busy = true;
		try {
			if (now - this.#asked >= Math.min(stands, ASK_MS)) {
				this.#asked = now;
				this.stories = running(await api.usecases());
			}
			const shown = hub.usecase?.name ?? null;
			const going = next(this.stories, shown, ringing, now - this.#since, stands);
			if (going === null) return;
			await hub.lead(going);
			this.#since = performance.now();
		} catch {
			// the hub is away: the story that is shown stays
		} finally {
			this.#busy = false;
		}
	}
}

/** So soon a story that began is among those that run [ms]. */
const ASK_MS = 5000;
