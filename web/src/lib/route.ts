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
	"/doctor",
	"/table",
] as const;
export type Page = (typeof PAGES)[number];

/** The page at an address; what nobody knows is the audience page. */
export function pageAt(path: string): Page {
	const bare = path.length > 1 ? path.replace(/\/+$/, "") : path;
	return tableAt(path) > 0 ? "/table" : (PAGES.find((page) => page === bare) ?? "/");
}

/** The table whose own page an address is (`/table/3`); 0: the whole room's. */
export function tableAt(path: string): number {
	return Number(/^\/table\/([1-9]\d?)\/?$/.exec(path)?.[1] ?? 0);
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
