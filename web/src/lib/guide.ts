/** Leafing through the steps of a guide. */

/** The nearest step there is. */
export function clamped(number: number, count: number): number {
	return Math.max(0, Math.min(number, count - 1));
}

/** Which faults a step ends before it begins its own: those it names, all that are on where it says `*`. */
export function ended(ends: string[], faults: { name: string; active: boolean }[]): string[] {
	const on = faults.filter((each) => each.active).map((each) => each.name);
	return ends.includes("*") ? on : on.filter((name) => ends.includes(name));
}

/** How long a step lasts so far and is to last, as `2:07` and 5 [min]; null: it has not begun, or is the last one. */
export function timed(
	steps: readonly { minute: number }[],
	at: number,
	since: string | null,
	now: number | null,
): { passed: string; minutes: number | null; over: boolean } | null {
	const step = steps[at];
	if (step === undefined || since === null || now === null) return null;
	const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000));
	const next = steps[at + 1];
	const minutes = next === undefined ? null : next.minute - step.minute;
	const passed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
	return { passed, minutes, over: minutes !== null && seconds > 60 * minutes };
}

/** By how many steps a key leafs: Page Down and Page Up, what presenter remotes send; 0: by none. Keys that write into
 * a field, or are held with another, are somebody else's. */
export function leafed(
	key: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "defaultPrevented">,
): number {
	if (key.ctrlKey || key.altKey || key.metaKey || key.defaultPrevented) return 0;
	return key.key === "PageDown" ? 1 : key.key === "PageUp" ? -1 : 0;
}
