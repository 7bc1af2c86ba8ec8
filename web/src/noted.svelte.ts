/** The notes that the room sees, asked for again whenever the hub says that they changed. */

import { api } from "./api.ts";
import { hub } from "./hub.svelte.ts";
import type { Note } from "./lib/types.ts";

export class Noted {
	all = $state.raw<readonly Note[]>([]);

	/** Call while a component starts: follows until it goes. */
	follow() {
		// 0: there are none, and nobody is asked
		const known = $derived(hub.picture?.notes ?? 0);
		$effect(() => {
			if (known === 0) this.all = [];
			else
				api.notes(new URLSearchParams()).then(
					(found) => (this.all = found),
					() => undefined, // the hub is away: the next frame says that it is back
				);
		});
	}
}
