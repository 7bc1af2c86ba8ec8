/** Since when the values of the story told are waited for, and which story that is. */
export interface Awaited {
	/** [ms, monotonic] */
	since: number;
	/** The story that is on its way; null: the one told is there. */
	coming: string | null;
	/** The run that was played last. */
	run: string | null;
}

/** What is waited for now: anew since a story is on its way, or since one began that nobody had announced. */
export function awaited(before: Awaited, coming: string | null, run: string | null, now: number): Awaited {
	const isAnnounced = coming !== null && coming !== before.coming;
	const isAnother = run !== null && before.run !== null && run !== before.run;
	const begins = isAnnounced || (isAnother && coming === null && before.coming === null);
	return { since: begins ? now : before.since, coming, run: run ?? before.run };
}
