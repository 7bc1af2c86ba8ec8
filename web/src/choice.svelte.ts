/** What the reader chose: language and theme. Remembered, and switched without a reload. */

import en from "./i18n/en.json";
import fr from "./i18n/fr.json";
import { begun, named } from "./lib/channels.ts";
import { duration } from "./lib/format.ts";
import type { Language, Text } from "./lib/types.ts";

export type Theme = "light" | "dark";
export type Key = keyof typeof fr;
const WORDS: Record<Language, Record<Key, string>> = { fr, en };

function keep(name: string, value: string) {
	try {
		localStorage.setItem(name, value);
	} catch {
		// storage is off: the choice lasts as long as the page
	}
}

class Choice {
	language = $state<Language>(document.documentElement.lang === "en" ? "en" : "fr");
	theme = $state<Theme>(document.documentElement.dataset.theme === "dark" ? "dark" : "light");

	speak(language: Language) {
		this.language = language;
		document.documentElement.lang = language;
		keep("language", language);
	}

	wear(theme: Theme) {
		this.theme = theme;
		document.documentElement.dataset.theme = theme;
		keep("theme", theme);
	}
}

export const choice = new Choice();

type Parts = Record<string, string | number>;

/** Words of a part's own, loaded with it and not before (a drawing's): speaks them as `t` speaks the page's. */
export function speaker<K extends string>(words: Record<Language, Record<K, string>>) {
	return (key: K, parts: Parts = {}): string =>
		words[choice.language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(parts[name] ?? whole));
}

/** The page's own words in the reader's language; `{name}` is filled from `parts`. */
export const t = speaker<Key>(WORDS);

/** Words that come in both languages. */
export function both(text: Text | string | null | undefined): string {
	if (text === null || text === undefined) return "";
	return typeof text === "string" ? text : (text[choice.language] ?? text.fr ?? "");
}

/** A channel in people's words: "Température ds18b20 1"; one that nobody named keeps its own name. */
export function titleOf(channel: string): string {
	const [base, rest] = named(channel, (name) => `channel.${name}` in fr);
	if (base === null) return rest;
	const title = t(`channel.${base}` as Key);
	return rest === "" ? title : `${title} ${rest}`;
}

/** The words for a value that people do not read as a number: a closed contact, a relay that is on, days alight. */
export function wordsOf(channel: string, value: number, unit: string | null): string | undefined {
	if (unit === "s" && value >= 120) return duration(value, choice.language);
	const [base] = begun(channel, (name) => `word.${name}.0` in fr);
	return base !== null && (value === 0 || value === 1) ? t(`word.${base}.${value}` as Key) : undefined;
}

/** Why a command was refused, in the reader's language where the page knows the reason by its code. */
export function whyOf(command: { code?: string | null; reason: string | null } | undefined): string {
	const key = `refused.${command?.code ?? ""}`;
	return key in fr ? t(key as Key) : (command?.reason ?? "");
}
