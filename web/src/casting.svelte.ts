/** Which real devices could play in the story: asked for while a facilitator looks. */

import { untrack } from "svelte";
import { api } from "./api.ts";
import { hub } from "./hub.svelte.ts";
import type { Candidate } from "./lib/types.ts";
import { story } from "./story.svelte.ts";

class Casting {
	/** Role → the devices that could play it, the best first. */
	roles = $state.raw<Readonly<Record<string, readonly Candidate[]>>>({});
	/** Device → the role of the story that it fits best, and does not play. */
	readonly best = $derived.by(() => {
		const found = new Map<string, Candidate>();
		for (const each of Object.values(this.roles).flat()) {
			const before = found.get(each.device);
			if (before === undefined || each.warnings.length < before.warnings.length) found.set(each.device, each);
		}
		return found;
	});

	/** Call while a component starts: asks again with every word of the story, until the component goes. */
	follow() {
		$effect(() => {
			const usecase = story.usecase;
			if (usecase === null || usecase === hub.opened || hub.role !== "facilitator") return;
			untrack(() => void this.#ask(usecase.name));
		});
	}

	async #ask(usecase: string) {
		try {
			const found = await api.candidates(usecase);
			if (usecase === story.usecase?.name) this.roles = found;
		} catch {
			// the hub is away: what could be done is asked for again with the story
		}
	}
}

export const casting = new Casting();
