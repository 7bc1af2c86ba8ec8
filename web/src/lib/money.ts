/** What it may be worth: the formulas of a use case, computed without `eval` (the page allows no script from text). */

import { HARD, number } from "./format.ts";
import type { Card, Hypothesis, Language, Text } from "./types.ts";

type Values = Readonly<Record<string, number>>;
const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|([-+*/()]))/y;

/** The formula in pieces. Throws on what is no formula. */
function tokens(formula: string): string[] {
	const found: string[] = [];
	TOKEN.lastIndex = 0;
	const text = formula.trim();
	while (TOKEN.lastIndex < text.length) {
		const at = TOKEN.lastIndex;
		const match = TOKEN.exec(text);
		if (match === null) throw new SyntaxError(`${formula}: cannot read it from character ${at}`);
		found.push(match[1] ?? match[2] ?? match[3] ?? "");
	}
	return found;
}

/** The value of `formula` (numbers, names, + - * / and parentheses), or null where it has none. */
export function evaluate(formula: string, values: Values): number | null {
	let left: string[];
	try {
		left = tokens(formula);
	} catch {
		return null;
	}
	const take = (...wanted: string[]) => (wanted.includes(left[0] ?? "") ? left.shift() : undefined);
	const atom = (): number => {
		if (take("-") !== undefined) return -atom();
		if (take("(") !== undefined) {
			const inside = sum();
			return take(")") === undefined ? Number.NaN : inside;
		}
		const word = left.shift() ?? "";
		return /^\d/.test(word) ? Number(word) : (values[word] ?? Number.NaN);
	};
	const product = (): number => {
		let value = atom();
		for (let sign = take("*", "/"); sign !== undefined; sign = take("*", "/")) {
			value = sign === "*" ? value * atom() : value / atom();
		}
		return value;
	};
	const sum = (): number => {
		let value = product();
		for (let sign = take("+", "-"); sign !== undefined; sign = take("+", "-")) {
			value = sign === "+" ? value + product() : value - product();
		}
		return value;
	};
	const result = sum();
	return left.length === 0 && Number.isFinite(result) ? result : null;
}

/** What each hypothesis is now: moved here, chosen for all screens, measured, or its default. */
export function figures(
	hypotheses: readonly Hypothesis[],
	...known: readonly (Readonly<Record<string, number | undefined>> | undefined)[]
): Record<string, number> {
	const value = (each: Hypothesis) => known.map((of) => of?.[each.id]).find((found) => found !== undefined);
	return Object.fromEntries(hypotheses.map((each) => [each.id, value(each) ?? each.value]));
}

/** Lowest and highest result when one hypothesis at a time goes from end to end; those measured do not move. */
export function extent(card: Card, values: Values, fixed: ReadonlySet<string>): [number, number] | null {
	const found: number[] = [];
	for (const each of card.hypotheses) {
		if (fixed.has(each.id)) continue;
		for (const end of [each.low, each.high]) {
			const result = evaluate(card.formula, { ...values, [each.id]: end });
			if (result !== null) found.push(result);
		}
	}
	return found.length === 0 ? null : [Math.min(...found), Math.max(...found)];
}

/** A hypothesis as people read it: "3 000 €", "0,10", "80 %". */
export function hypothesis(each: Hypothesis, value: number, language: Language): string {
	const step = each.step.toString().split(".")[1]?.length ?? 0;
	const unit = word(each.unit, language);
	if (!unit) return number(value, Math.max(step, 2), language);
	return number(value, step, language) + (unit.startsWith("%") && language === "en" ? "" : HARD) + unit;
}

/** The formula with the numbers in it: "3 000 € × 0,10 × 0,80". */
export function spoken(formula: string, hypotheses: readonly Hypothesis[], values: Values, language: Language): string {
	const signs: Record<string, string> = { "*": " × ", "/": " ÷ ", "+": " + ", "-": " − " };
	try {
		return tokens(formula)
			.map((token) => {
				const each = hypotheses.find((one) => one.id === token);
				if (each !== undefined) return hypothesis(each, values[each.id] ?? each.value, language);
				if (/^\d/.test(token)) return number(Number(token), token.split(".")[1]?.length ?? 0, language);
				return signs[token] ?? token;
			})
			.join("");
	} catch {
		return formula;
	}
}

export function word(text: string | Text | null | undefined, language: Language): string {
	if (text === null || text === undefined) return "";
	return typeof text === "string" ? text : (text[language] ?? text.fr);
}
