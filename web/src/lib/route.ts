/** The page's own addresses. */

export const PAGES = [
	"/",
	"/projector",
	"/facilitator",
	"/join",
	"/devices",
	"/history",
	"/plan",
	"/setup",
	"/import",
	"/alarms",
	"/gallery",
	"/secure",
	"/selftest",
] as const;
export type Page = (typeof PAGES)[number];

/** The page at an address; what nobody knows is the audience page. */
export function pageAt(path: string): Page {
	const bare = path.length > 1 ? path.replace(/\/+$/, "") : path;
	return PAGES.find((page) => page === bare) ?? "/";
}

/** The single-use code in the fragment of the printed facilitator address (`#code=…`), or null. */
export function codeIn(fragment: string): string | null {
	const code = new URLSearchParams(fragment.replace(/^#/, "")).get("code");
	return code || (/^#[\w-]{6,}$/.test(fragment) ? fragment.slice(1) : null);
}

/** The history page with the curves of these channels. */
export function curvesOf(sources: readonly { device: string; channel: string }[]): string {
	return `/history?${new URLSearchParams(sources.map(({ device, channel }) => ["c", `${device}/${channel}`]))}`;
}
