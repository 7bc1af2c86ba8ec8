/** How wide a large number is, so that it is written as large as its place allows and no larger. */

import { number, unitIn } from "./format.ts";
import type { Sight } from "./sight.ts";
import type { Language } from "./types.ts";

/** Advances [em] of the widest system font of the tokens, tabular figures, bold. */
const DIGIT = 0.57;
const THIN = 0.29;
const LETTER = 0.6;
const GAP = 0.1;
/** Between "≈" and the first figure, as a value sets it. */
const ABOUT = 0.08;
/** The unit's size beside the number's, as a tile sets it by itself. */
const UNIT = 0.44;

function advance(sign: string): number {
	if (sign === "—") return 1;
	return /[\d–−+≈]/.test(sign) ? DIGIT : THIN;
}

/** What stands in the place of a number: of one that is waited for, the form that it will have. */
export function blank(decimals: number, language: Language, waiting: boolean): string {
	if (!waiting) return "—";
	return decimals === 0 ? "–" : language === "fr" ? "–,–" : "–.–";
}

/** Width [em] of a number with its unit. */
export type Breadth = (text: string, unit: string | null) => number;

/** The same by the widest of the fonts: of a tile whose own font is not measured. */
export function breadth(text: string, unit: string | null): number {
	const figures = [...text].reduce((wide, sign) => wide + advance(sign), 0);
	const letters = unit === null ? 0 : GAP + UNIT * LETTER * [...unit].length;
	return Number((figures + letters).toFixed(2));
}

/** Width [em] of the widest of the values that stand beside each other: they all take its size. */
export function widest(seen: readonly Sight[], language: Language, broad: Breadth = breadth): number {
	const wide = seen.map(({ shown, measure, unit }) => {
		const figures =
			shown.value === null
				? blank(measure.decimals, language, shown.state === "waiting")
				: number(shown.value, measure.decimals, language);
		const [sign, beside] = shown.state === "uncertain" ? ["≈", ABOUT] : ["", 0];
		return beside + broad(sign + figures, unit === null ? null : unitIn(unit, language));
	});
	return Math.max(1, ...wide);
}

/** No column takes more of the room than this: a name and its mark stand in it, too. */
const MOST = 0.62;

/** How two numbers of one size share a row: the one with more figures has the wider column.
 *
 * Returns the shares of the row and, for each, the width [em] that its number is set for: so both have one size. */
export function beside(one: number, other: number): { shares: [number, number]; rooms: [number, number] } {
	const share = Math.min(Math.max(one / (one + other), 1 - MOST), MOST);
	const ratio = share / (1 - share);
	return { shares: [share, 1 - share], rooms: [Math.max(one, other * ratio), Math.max(other, one / ratio)] };
}

/** Width [px] of a text, as the page would write it. */
export type Ruler = (text: string) => number;

/** How many lines a text takes in a room [px]: broken between words, as the page breaks it. */
export function linesOf(text: string, room: number, ruler: Ruler): number {
	const space = ruler(" ");
	let [lines, filled] = [1, 0];
	for (const word of text.split(" ")) {
		const wide = ruler(word);
		if (filled > 0 && filled + space + wide > room) [lines, filled] = [lines + 1, wide];
		else filled += (filled > 0 ? space : 0) + wide;
	}
	return lines;
}

/** Remembers the widest that was seen of a story: numbers that shrink and grow with each value make a page restless. */
export function kept(): (story: string, wide: number) => number {
	let of = "";
	let most = 0;
	return (story, wide) => {
		most = story === of ? Math.max(most, wide) : wide;
		of = story;
		return most;
	};
}
