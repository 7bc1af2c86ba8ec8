/** What the story may be worth: by the readings of the span that is looked at, asked for again while somebody looks. */

import { untrack } from "svelte";
import { api } from "./api.ts";
import { hub } from "./hub.svelte.ts";
import type { Money } from "./lib/types.ts";
import { story } from "./story.svelte.ts";

const AGAIN_MS = 10_000;

export class Worth {
	told = $state.raw<Money | null>(null);
	#name = "";

	/** Call while a component starts: follows the story over the last `span` seconds until the component goes. */
	follow(span: () => number) {
		const told = $derived(story.usecase?.name);
		const key = $derived(JSON.stringify([told, story.run, span(), this.choices]));
		$effect(() => {
			if (key === "" || told === undefined || story.run === null) return;
			const [name, run, start] = [told, story.run, `-${span()}s`];
			const ask = () => void this.#ask(name, run, start);
			untrack(ask);
			const timer = setInterval(() => {
				if (!document.hidden) ask();
			}, AGAIN_MS);
			return () => clearInterval(timer);
		});
	}

	get choices() {
		return hub.picture?.chosen[story.usecase?.name ?? ""];
	}

	async #ask(name: string, run: string, start: string) {
		if (name !== this.#name) this.told = null;
		this.#name = name;
		try {
			const told = await api.money(name, run, start);
			if (name === this.#name) this.told = told;
		} catch {
			// the hub is away or busy: what is known stays, and is asked for again
		}
	}
}
