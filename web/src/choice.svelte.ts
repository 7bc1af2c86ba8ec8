/** What the reader chose: language and theme. Remembered, and switched without a reload. */

import { begun, named } from "./lib/channels.ts";
import { duration } from "./lib/format.ts";
import { filled, type Parts } from "./lib/say.ts";
import type { Language, Text } from "./lib/types.ts";

export type Theme = "light" | "dark";
export type Key = keyof typeof import("./i18n/fr.json");
type Words = Record<Key, string>;

/** A phone loads the language that it reads; the other one comes when it is asked for. */
const LESSONS: Record<Language, () => Promise<{ default: Words }>> = {
	fr: () => import("./i18n/fr.json"),
	en: () => import("./i18n/en.json"),
};
const learnt: Partial<Record<Language, Words>> = {};

/** Load the page's words in a language, once. */
export async function learn(language: Language) {
	learnt[language] ??= (await LESSONS[language]()).default;
}

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

	#wished: Language | undefined;

	/** Switch once the words are there; where they cannot be loaded, the hub is away and the page says so already. */
	async speak(language: Language) {
		this.#wished = language;
		try {
			await learn(language);
		} catch {
			return;
		}
		if (this.#wished !== language) return; // another press was later
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

/** Words of a part's own, loaded with it and not before (a drawing's): speaks them as `t` speaks the page's. */
export function speaker<K extends string>(words: Record<Language, Record<K, string>>) {
	return (key: K, parts: Parts = {}): string => filled(words[choice.language][key], parts, choice.language);
}

/** The page's own words in the reader's language, which `main` has loaded; its holes are filled from `parts`. */
export const t = speaker<Key>({
	get fr() {
		return learnt.fr as Words;
	},
	get en() {
		return learnt.en as Words;
	},
});

function isKey(key: string): key is Key {
	return key in (learnt[choice.language] as Words);
}

/** Words that come in both languages. */
export function both(text: Text | string | null | undefined): string {
	if (text === null || text === undefined) return "";
	return typeof text === "string" ? text : (text[choice.language] ?? text.fr ?? "");
}

/** How long ago [s] something was, in words: "à l’instant", "il y a 4 s". */
export function ago(seconds: number): string {
	return seconds < 1 ? t("state.now") : t("state.ago", { age: duration(seconds, choice.language) });
}

/** A channel in people's words: "Température ds18b20 1"; one that nobody named keeps its own name. */
export function titleOf(channel: string): string {
	const [base, rest] = named(channel, (name) => isKey(`channel.${name}`));
	if (base === null) return rest;
	const title = t(`channel.${base}` as Key);
	return rest === "" ? title : `${title} ${rest}`;
}

/** The words for a value that people do not read as a number: a closed contact, a relay that is on, days alight. */
export function wordsOf(channel: string, value: number, unit: string | null): string | undefined {
	if (unit === "s" && value >= 120) return duration(value, choice.language);
	const [base] = begun(channel, (name) => isKey(`word.${name}.0`));
	return base !== null && (value === 0 || value === 1) ? t(`word.${base}.${value}` as Key) : undefined;
}

/** Why a command was refused, in the reader's language where the page knows the reason by its code. */
export function whyOf(command: { code?: string | null; reason: string | null } | undefined): string {
	const key = `refused.${command?.code ?? ""}`;
	return isKey(key) ? t(key) : (command?.reason ?? "");
}
