/** What a page cannot do without is asked for until it comes: a wall has nobody who loads it again. */

const AGAIN_MS = 2000;

/** Return what is asked for; each time that it does not come, say so to `refused` and ask again after `pause` [ms]. */
export async function patiently<T>(ask: () => Promise<T>, refused = () => {}, pause = AGAIN_MS): Promise<T> {
	for (;;) {
		try {
			return await ask();
		} catch {
			refused();
			await new Promise((again) => setTimeout(again, pause));
		}
	}
}
