/** What is painted over the curves of the past: alarms, notes, the name at the end of each curve. */

import type uPlot from "uplot";
import { last, type Track } from "../lib/series.ts";

/** A curve of the past as it is drawn. */
export interface Line {
	key: string;
	device: string;
	channel: string;
	/** The device's name and what it measures. */
	title: string;
	/** What it measures, for the end of the curve. */
	short: string;
	run: string;
	unit: string | null;
	decimals: number;
	track: Track;
	/** Lowest and highest of what each point stands for; null: it stands for itself. */
	low: Track | null;
	high: Track | null;
	/** No channel gives it: the hub computes it. */
	computed?: true | undefined;
	/** Its place among the chosen ones: colour, stroke and marker. */
	place: number;
	simulated: boolean;
}

/** A moment on the time-line [s]. */
export interface Mark {
	id: string;
	kind: "alarm" | "note";
	at: number;
	until: number | null;
	text: string;
	run: string;
}

/** What a rule lets a measure come to. */
export interface Bound {
	value: number;
	unit: string;
	label: string;
}

/** Never by colour alone: each place has its stroke and its marker, too. */
const STYLES = [
	{ token: "--air", width: 2, dash: [], square: false },
	{ token: "--product", width: 3, dash: [], square: true },
	{ token: "--ink-2", width: 1.6, dash: [], square: false },
	{ token: "--ink-2", width: 1.8, dash: [8, 4], square: true },
	{ token: "--air", width: 2, dash: [8, 4], square: false },
	{ token: "--product", width: 2.4, dash: [8, 4], square: true },
	{ token: "--ink-2", width: 2, dash: [2, 3], square: false },
	{ token: "--air", width: 2.2, dash: [2, 3], square: true },
] as const;

export function styleOf(place: number) {
	return STYLES[place % STYLES.length] ?? STYLES[0];
}

const LETTERS = 12.5;
const SHORT = 26;
/** From a note's line to its words, in pixels: the flag is between. */
const FLAG = 13;

/** What is needed to paint: colours by token, canvas pixels of one pixel. */
export interface Brush {
	ink(token: string): string;
	px: number;
}

export interface Painted {
	lines: readonly Line[];
	marks: readonly Mark[];
	limits: readonly Bound[];
}

export function paint(u: uPlot, brush: Brush, { lines, marks, limits }: Painted): void {
	u.ctx.save();
	u.ctx.textBaseline = "middle";
	paintLimits(u, brush, limits);
	const seen = marks.filter((mark) => inside(u, mark.at)).sort((one, other) => one.at - other.at);
	const places = seen.map((mark) => u.valToPos(mark.at, "x", true));
	let free = u.bbox.left;
	seen.forEach((mark, at) => {
		paintMark(u, brush, mark);
		const [here, after] = [places[at] ?? 0, places[at + 1] ?? u.bbox.left + u.bbox.width];
		free = mark.kind === "note" ? paintWords(u, brush, mark.text, [free, here, after]) : here;
	});
	paintNames(u, brush, lines);
	u.ctx.restore();
}

/** A line over the whole width with its name, where it is within what is shown: curves that are far from it keep their size. */
function paintLimits(u: uPlot, { ink, px }: Brush, limits: readonly Bound[]): void {
	const { ctx, bbox } = u;
	ctx.font = `600 ${LETTERS * px}px ${ink("--font")}`;
	ctx.textAlign = "left";
	for (const { value, unit, label } of limits) {
		if (u.scales[unit] === undefined) continue;
		const y = u.valToPos(value, unit, true);
		if (!(y >= bbox.top && y <= bbox.top + bbox.height)) continue;
		ctx.strokeStyle = ink("--limit");
		ctx.lineWidth = 1.3 * px;
		ctx.setLineDash([6 * px, 4 * px]);
		stroke(ctx, [
			[bbox.left, y],
			[bbox.left + bbox.width, y],
		]);
		ctx.setLineDash([]);
		halo(ctx, ink("--surface"), px);
		ctx.strokeText(label, bbox.left + 6 * px, y - 10 * px);
		ctx.fillStyle = ink("--limit");
		ctx.fillText(label, bbox.left + 6 * px, y - 10 * px);
	}
}

function inside(u: uPlot, at: number): boolean {
	const x = u.valToPos(at, "x", true);
	return x >= u.bbox.left - 1 && x <= u.bbox.left + u.bbox.width + 1;
}

/** An alarm hangs from the top as a triangle, filled while it lasts; a note is a flag on a dotted line. */
function paintMark(u: uPlot, { ink, px }: Brush, mark: Mark): void {
	const { ctx } = u;
	const x = u.valToPos(mark.at, "x", true);
	const { top, height } = u.bbox;
	const isNote = mark.kind === "note";
	ctx.strokeStyle = ctx.fillStyle = ink(isNote ? "--ink-2" : "--limit");
	ctx.lineWidth = 1.4 * px;
	ctx.setLineDash(isNote ? [2 * px, 3 * px] : []);
	stroke(ctx, [
		[x, top],
		[x, top + height],
	]);
	ctx.setLineDash([]);
	const size = 6 * px;
	ctx.beginPath();
	if (isNote) ctx.rect(x, top - 1.8 * size, 1.7 * size, 1.3 * size);
	else {
		ctx.moveTo(x, top - 1.7 * size);
		ctx.lineTo(x + size, top);
		ctx.lineTo(x - size, top);
		ctx.closePath();
	}
	if (!isNote && mark.until !== null) {
		ctx.fillStyle = ink("--surface");
		ctx.fill();
		ctx.stroke();
	} else ctx.fill();
}

function stroke(ctx: CanvasRenderingContext2D, points: readonly (readonly [number, number])[]): void {
	ctx.beginPath();
	points.forEach(([x, y], at) => (at === 0 ? ctx.moveTo(x, y) : ctx.lineTo(x, y)));
	ctx.stroke();
}

/** What a note says, behind its flag or before it: between what is taken up to and the next mark; returns the new end. */
function paintWords(u: uPlot, { ink, px }: Brush, words: string, places: readonly [number, number, number]): number {
	const { ctx } = u;
	const [free, here, after] = places;
	const text = words.length > SHORT ? `${words.slice(0, SHORT - 1).trimEnd()}…` : words;
	ctx.font = `500 ${LETTERS * px}px ${ink("--font")}`;
	const wide = ctx.measureText(text).width + FLAG * px;
	const behind = here + wide < after;
	if (!behind && here - wide < free) return here + FLAG * px;
	const [x, y] = [here + (behind ? 1 : -1) * (behind ? FLAG : FLAG / 3) * px, u.bbox.top - 7 * px];
	ctx.textAlign = behind ? "left" : "right";
	halo(ctx, ink("--surface"), px);
	ctx.strokeText(text, x, y);
	ctx.fillStyle = ink("--ink-2");
	ctx.fillText(text, x, y);
	return behind ? here + wide : here + FLAG * px;
}

function halo(ctx: CanvasRenderingContext2D, colour: string, px: number): void {
	ctx.lineWidth = 4 * px;
	ctx.lineJoin = "round";
	ctx.strokeStyle = colour;
}

/** The name at the end of each curve, inside the picture, pushed apart where they would overlap. */
function paintNames(u: uPlot, { ink, px }: Brush, lines: readonly Line[]): void {
	const { ctx } = u;
	const ends = lines.flatMap((line) => {
		const end = last(line.track);
		const scale = line.unit ?? "";
		if (end === null || !inside(u, end.t) || u.scales[scale] === undefined) return [];
		return { line, x: u.valToPos(end.t, "x", true), y: u.valToPos(end.v, scale, true) };
	});
	ends.sort((a, b) => a.y - b.y);
	ctx.font = `650 ${LETTERS * px}px ${ink("--font")}`;
	let free = Number.NEGATIVE_INFINITY;
	for (const { line, x, y } of ends) {
		const { token, square } = styleOf(line.place);
		const words = lines.some((each) => each !== line && each.short === line.short) ? line.title : line.short;
		const size = 4.5 * px;
		ctx.fillStyle = ink(token);
		ctx.beginPath();
		if (square) ctx.rect(x - size, y - size, 2 * size, 2 * size);
		else ctx.arc(x, y, size, 0, 2 * Math.PI);
		ctx.fill();
		const wide = ctx.measureText(words).width;
		const at = Math.max(Math.max(y - 13 * px, u.bbox.top + 8 * px), free);
		ctx.textAlign = "right";
		const right = Math.max(x - 4 * px, u.bbox.left + wide + 6 * px);
		halo(ctx, ink("--surface"), px);
		ctx.strokeText(words, right, at);
		ctx.fillStyle = ink(token);
		ctx.fillText(words, right, at);
		free = at + (LETTERS + 4) * px;
	}
}
