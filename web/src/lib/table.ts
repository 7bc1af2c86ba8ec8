/** Readings as a table for a spreadsheet: RFC 4180, or as a French one opens it. Pure. */

import type { Language } from "./types.ts";

export interface Row {
	time: string;
	device: string;
	channel: string;
	value: number;
	unit: string | null;
	quality: string;
	simulated: boolean;
	run: string;
}

export const COLUMNS = ["time", "device", "channel", "value", "unit", "quality", "simulated", "run"] as const;
const MARK = "\ufeff";

/** The whole file; French: semicolons, decimal commas, UTF-8 with its mark. */
export function table(rows: readonly Row[], language: Language): string {
	const french = language === "fr";
	const separator = french ? ";" : ",";
	const lines = rows.map((row) => COLUMNS.map((name) => cell(row[name], separator, french)).join(separator));
	return `${french ? MARK : ""}${[COLUMNS.join(separator), ...lines].join("\r\n")}\r\n`;
}

/** OWASP ASVS 1.2.10: a text that a spreadsheet would calculate is shown as text. */
function cell(value: Row[keyof Row], separator: string, french: boolean): string {
	if (value === null) return "";
	if (typeof value === "number") return french ? String(value).replace(".", ",") : String(value);
	if (typeof value === "boolean") return String(value);
	const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
	return text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
