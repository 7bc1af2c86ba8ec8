/** Measures text as this browser writes it, in the page's own font: no letter is as wide as the next. */

import type { Ruler } from "./lib/fit.ts";

let context: CanvasRenderingContext2D | null = null;

/** A ruler for a size [px] and a weight; `spacing`: between letters [em]. */
export function ruler(size: number, weight: number, spacing = 0): Ruler {
	context ??= document.createElement("canvas").getContext("2d");
	const font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
	return (text) => {
		if (context === null) return text.length * size * 0.6;
		context.font = font;
		return context.measureText(text).width + spacing * size * text.length;
	};
}
