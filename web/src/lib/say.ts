/** Words with holes, filled as each language counts. */

import { number } from "./format.ts";
import type { Language } from "./types.ts";

export type Parts = Record<string, string | number>;

const HOLE = /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g;
const RULES: Record<Language, Intl.PluralRules> = {
	fr: new Intl.PluralRules("fr"),
	en: new Intl.PluralRules("en"),
};

/** `{name}` is its part, a `count` with its thousands apart; `{count|one|more}` is the form that this number takes: in
 * French 0 and 1,5 are singular, in English they are not. What no part fills stays, so that a test sees it. */
export function filled(text: string, parts: Parts, language: Language): string {
	return text.replace(HOLE, (whole, name: string, one: string | undefined, more: string | undefined) => {
		const part = parts[name];
		if (part === undefined) return whole;
		if (one !== undefined && more !== undefined) return RULES[language].select(Number(part)) === "one" ? one : more;
		return name === "count" && typeof part === "number" ? number(part, 0, language) : String(part);
	});
}
