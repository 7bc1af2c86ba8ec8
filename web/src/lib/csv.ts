/** How a CSV file is to be read, as a form holds it: columns, channels, units; and as the hub is asked. */

import type { ImportWish, Shape } from "./types.ts";

export const LARGEST = 16 * 1024 * 1024;

/** A column of the file and what becomes of it. */
export interface Column {
	name: string;
	taken: boolean;
	channel: string;
	unit: string;
	/** Its first cells. */
	cells: string[];
}

export interface Form {
	device: string;
	separator: string;
	decimal: string;
	tz: string;
	time: string[];
	columns: Column[];
}

const BRACKETS = /^(.*\S)\s*[[(]([^[\]()]{1,16})[\])]\s*$/;
const NUMBER = /^[+-]?[\d\s\u00a0\u202f]*[.,]?\d+(?:[.,]\d*)?(?:e[+-]?\d+)?$/i;

/** "Temp (°C)" is the channel "Temp" in "°C". */
export function split(name: string): [channel: string, unit: string] {
	const found = BRACKETS.exec(name);
	return found ? [found[1] ?? name, found[2] ?? ""] : [name, ""];
}

/** The columns of a file, those that look like measures taken. */
export function columnsOf(shape: Shape, time: readonly string[]): Column[] {
	return shape.columns
		.map((name, place) => ({ name, cells: shape.sample.map((row) => row[place] ?? "").filter((cell) => cell !== "") }))
		.filter(({ name }) => !time.includes(name))
		.map(({ name, cells }) => {
			const [channel, unit] = split(name);
			return { name, taken: cells.some((cell) => NUMBER.test(cell)), channel, unit, cells };
		});
}

/** What the hub is asked; a channel's unit stands behind it in brackets. */
export function wishOf(form: Form): ImportWish {
	const taken = form.columns.filter((column) => column.taken && column.channel.trim() !== "");
	const map = Object.fromEntries(
		taken.map(({ name, channel, unit }) => [name, unit.trim() ? `${channel.trim()} [${unit.trim()}]` : channel.trim()]),
	);
	return {
		device: form.device.trim(),
		map,
		time: form.time.filter((name) => name !== ""),
		separator: form.separator,
		decimal: form.decimal,
		tz: form.tz.trim(),
	};
}

/** A device's name from a file's: without path and ending, nothing that a topic forbids. */
export function deviceOf(file: string): string {
	const bare = file.replace(/^.*[/\\]/, "").replace(/\.[^.]{1,5}$/, "");
	return bare.replace(/[#+$/]/g, "-").trim() || "csv";
}

/** How far an import is, from 0 to 1: the file is read twice, once to check it. */
export function progressOf(state: string, done: number, size: number): number {
	const part = size > 0 ? Math.min(1, done / size) : 1;
	return state === "reading" ? part / 2 : state === "importing" ? 0.5 + part / 2 : 1;
}
