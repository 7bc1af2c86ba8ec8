/** Which steps a reader needs to trust the workshop's page, and where that page is. Pure. */

export const SYSTEMS = ["ios", "android", "windows", "macos", "firefox"] as const;
export type System = (typeof SYSTEMS)[number];

/** What the reader holds, by what the browser says of itself; null: something else. Touch tells an iPad from a Mac. */
export function systemOf(agent: string, touchPoints: number): System | null {
	if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && touchPoints > 1)) return "ios";
	if (/Firefox\//.test(agent)) return "firefox"; // it keeps authorities of its own, also on Android
	if (/Android/.test(agent)) return "android";
	if (/Windows/.test(agent)) return "windows";
	return /Macintosh/.test(agent) ? "macos" : null;
}

/** The secure page under the name by which the reader came, else under the likeliest one; null: there is none. */
export function secureAt(urls: readonly string[], host: string): string | null {
	return urls.find((each) => new URL(each).hostname === host) ?? urls[0] ?? null;
}

/** The end of a fingerprint, which people can compare by eye. */
export function ending(fingerprint: string): string {
	return fingerprint.split(":").slice(-4).join(" ");
}
