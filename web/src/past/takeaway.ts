/** What is taken away from the history page: readings as a table, charts as a picture. */

import { api } from "../api.ts";
import type { View } from "../lib/past.ts";
import { type Row, table } from "../lib/table.ts";
import type { Language } from "../lib/types.ts";
import { type Found, within } from "./past.svelte.ts";

const PAGE = "10000";
/** Rows that a spreadsheet and a phone still hold. */
export const MOST_ROWS = 200_000;

/** Every reading of the curves shown; `progress` is told how many there are; `cut`: there are more. */
export async function readings(
	found: readonly Found[],
	view: View,
	progress: (count: number) => void,
): Promise<{ rows: Row[]; cut: boolean }> {
	const rows: Row[] = [];
	for (const each of found) {
		if (each.computed) {
			rows.push(...made(each));
			continue;
		}
		const { device, channel, run } = each;
		const query = within(view, run);
		query.set("device", device);
		query.set("channel", channel);
		query.set("limit", PAGE);
		let next: string | null = null;
		do {
			if (next !== null) query.set("cursor", next);
			const page = await api.readings(query);
			rows.push(...page.readings);
			progress(rows.length);
			if (rows.length >= MOST_ROWS) return { rows: rows.slice(0, MOST_ROWS), cut: true };
			next = page.next;
		} while (next !== null);
	}
	return { rows, cut: false };
}

/** The points of a computed measure as they are drawn: there are no others. */
function made({ device, channel, run, unit, track }: Found): Row[] {
	return track.t.flatMap((at, place): Row[] => {
		const value = track.v[place];
		const time = new Date(at * 1000).toISOString();
		const told = { time, device, channel, unit, quality: "computed", simulated: run !== "real", run };
		return value === null || value === undefined ? [] : [{ ...told, value }];
	});
}

export function asFile(rows: readonly Row[], language: Language): Blob {
	return new Blob([table(rows, language)], { type: "text/csv;charset=utf-8" });
}

/** The charts one below the other, each under its lines of words, on the ground of the page. */
export async function asPicture(
	charts: readonly { canvas: HTMLCanvasElement; words: readonly string[] }[],
	head: string,
	ink: (token: string) => string,
): Promise<Blob | null> {
	const scale = devicePixelRatio;
	const [edge, line] = [20 * scale, 22 * scale];
	const wide = Math.max(...charts.map(({ canvas }) => canvas.width)) + 2 * edge;
	const tall = charts.reduce((sum, { canvas, words }) => sum + canvas.height + words.length * line + edge, 3 * edge);
	const page = document.createElement("canvas");
	[page.width, page.height] = [wide, tall];
	const brush = page.getContext("2d");
	if (brush === null) return null;
	brush.fillStyle = ink("--surface");
	brush.fillRect(0, 0, wide, tall);
	brush.textBaseline = "middle";
	brush.fillStyle = ink("--ink");
	brush.font = `650 ${16 * scale}px ${ink("--font")}`;
	let y = edge + line / 2;
	brush.fillText(head, edge, y);
	y += line;
	brush.font = `500 ${14 * scale}px ${ink("--font")}`;
	for (const { canvas, words } of charts) {
		for (const each of words) {
			brush.fillText(each, edge, y);
			y += line;
		}
		brush.drawImage(canvas, edge, y - line / 2);
		y += canvas.height + edge;
	}
	return new Promise((done) => page.toBlob(done, "image/png"));
}

/** Hand a file over to the reader. */
export function save(blob: Blob, name: string): void {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
