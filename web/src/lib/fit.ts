/** How wide a large number is, so that it is written as large as its place allows and no larger. */

import { number, unitIn } from "./format.ts";
import type { Sight } from "./sight.ts";
import type { Language } from "./types.ts";

/** Advances [em] of the widest system font of the tokens, tabular figures, bold. */
const DIGIT = 0.6;
const THIN = 0.3;
const LETTER = 0.6;
/** The unit's size beside the number's, and the gap between them, as the pages set it. */
const UNIT = 0.44;
const GAP = 0.2;

/** Width [em] of a number with its unit. */
export function breadth(text: string, unit: string | null): number {
	const figures = [...text].reduce((wide, sign) => wide + (/[\d–—−+≈]/.test(sign) ? DIGIT : THIN), 0);
	const letters = unit === null ? 0 : GAP + UNIT * LETTER * [...unit].length;
	return Number((figures + letters).toFixed(2));
}

/** Width [em] of the widest of the values that stand beside each other: they all take its size. */
export function widest(seen: readonly Sight[], language: Language): number {
	const wide = seen.map(({ shown, measure, unit }) => {
		const text = (shown.state === "uncertain" ? "≈ " : "") + number(shown.value, measure.decimals, language);
		return breadth(text, unit === null ? null : unitIn(unit, language));
	});
	return Math.max(1, ...wide);
}
