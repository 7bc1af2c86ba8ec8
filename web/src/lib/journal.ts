/** What the alarm journal asks the hub for. Pure. */

import type { AlarmState, Language } from "./types.ts";

/** What the reader chose; empty: does not choose. */
export interface Wanted {
	search: string;
	state: string;
	priority: string;
	usecase: string;
	start: string;
}

export const STATES: readonly AlarmState[] = ["unacknowledged", "acknowledged", "returned", "shelved", "normal"];
export const SINCE = [
	["", "journal.ever"],
	["-1h", "journal.hour"],
	["-24h", "journal.day"],
	["-7d", "journal.week"],
] as const;
/** The hub's most alarms of one answer. */
const MOST = 10_000;

/** The question as `GET /alarms` reads it, `limit` alarms at once. */
export function question(wanted: Wanted, limit: number): URLSearchParams {
	const query = new URLSearchParams({ limit: String(limit) });
	for (const [name, value] of Object.entries(wanted)) {
		const plain = String(value).trim();
		if (plain !== "") query.set(name, plain);
	}
	return query;
}

/** The address of the same choice as a table; a French reader's spreadsheet wants semicolons. */
export function asTable(wanted: Wanted, language: Language): string {
	const query = question(wanted, MOST);
	query.set("format", "csv");
	query.set("dialect", language === "fr" ? "fr" : "plain");
	return `/api/v1/alarms?${query}`;
}
