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

/** By how many steps a key leafs: Page Down and Page Up, what presenter remotes send; 0: by none. Keys that write into
 * a field, or are held with another, are somebody else's. */
export function leafed(
	key: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "defaultPrevented">,
): number {
	if (key.ctrlKey || key.altKey || key.metaKey || key.defaultPrevented) return 0;
	return key.key === "PageDown" ? 1 : key.key === "PageUp" ? -1 : 0;
}
