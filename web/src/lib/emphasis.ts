/** The numbers of a sentence, told apart from its words. */

import { quantity, unitIn } from "./format.ts";
import type { Language, Measure, Sentence } from "./types.ts";

export interface Piece {
	text: string;
	/** Part of a number with its unit. */
	strong: boolean;
	/** The measure whose value it is: it takes its colour. */
	measure: string | null;
}

const SPACE = "[ \\u00a0\\u202f]";
/** Units that a sentence may have beside those of its measures. */
const UNITS = ["°C", "%", "kWh", "kW", "W", "€", "ppm", "min", "h", "s", "jours", "jour", "days", "day"];

/** A number with its unit, or a span of hours and minutes. */
function numbers(measures: readonly Measure[], language: Language): RegExp {
	const own = measures.flatMap(({ unit }) => (unit ? [unitIn(unit, language)] : []));
	// the longer first: "kg/jour" before "kg"
	const units = [...new Set([...own, ...UNITS])].sort((a, b) => b.length - a.length).map(escaped);
	return new RegExp(
		`≈?${SPACE}?[+−]?\\d+(?:[\\u202f,.]\\d+)*(?:${SPACE}?(?:${units.join("|")})(?![\\p{L}\\d]))?(?:${SPACE}\\d{1,2}(?:${SPACE}min)?(?![\\d\\p{L}]))?`,
		"gu",
	);
}

/** A text in pieces, in order; `whole`: a word with hyphens, which no end of a line may tear apart. */
export function unbroken(text: string): { text: string; whole: boolean }[] {
	return text
		.split(/([\p{L}\d’]+(?:-[\p{L}\d’]+)+)/u)
		.map((piece, at) => ({ text: piece, whole: at % 2 === 1 }))
		.filter((piece) => piece.text !== "");
}

function escaped(text: string): string {
	return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** The sentence in pieces, in order: joined they are the sentence again.
 *
 * `now`: the value of a measure as it stands beside the sentence. The words of a line stand for some seconds, even where
 * another is due by then: its number never says anything else than the drawing does. One that might be another's number,
 * such as a limit of the same size, is left as it was told. */
export function emphasise(
	sentence: Sentence,
	measures: readonly Measure[],
	language: Language,
	now: (measure: string) => number | null = () => null,
): Piece[] {
	const text = sentence.text[language] ?? sentence.text.fr;
	const names = new Map<string, string[]>(); // two measures may show the same number: the first takes it first
	for (const measure of measures) {
		const value = sentence.params[measure.name];
		if (typeof value === "number") {
			const shown = bare(quantity(value, measure.unit, measure.decimals, language));
			names.set(shown, [...(names.get(shown) ?? []), measure.name]);
		}
	}
	const found = [...text.matchAll(numbers(measures, language))].map((match) => ({
		said: match[0].trimStart(),
		start: match.index + match[0].length - match[0].trimStart().length,
	}));
	const sizes = new Map([...names].map(([shown, called]) => [shown, called.length]));
	/** As many numbers of this size as measures that have it. */
	const sure = (shown: string) => found.filter(({ said }) => bare(said) === shown).length === sizes.get(shown);
	const pieces: Piece[] = [];
	let from = 0;
	for (const { said, start } of found) {
		if (start > from) pieces.push({ text: text.slice(from, start), strong: false, measure: null });
		const called = names.get(bare(said)) ?? [];
		const name = (called.length > 1 ? called.shift() : called[0]) ?? null;
		const measure = measures.find((each) => each.name === name);
		const value = measure !== undefined && sure(bare(said)) ? now(measure.name) : null;
		const newer = value === null ? said : quantity(value, measure?.unit ?? null, measure?.decimals ?? 0, language);
		pieces.push({ text: newer, strong: true, measure: name });
		from = start + said.length;
	}
	if (from < text.length) pieces.push({ text: text.slice(from), strong: false, measure: null });
	return pieces;
}

function bare(text: string): string {
	return text.replace(/[\s\u00a0\u202f]/g, "");
}
