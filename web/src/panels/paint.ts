/** What is painted under and over the curves of a chart: limits, alarms, delays, names, stretches. */

import type uPlot from "uplot";
import { spread } from "../lib/axis.ts";
import { within } from "../lib/format.ts";
import type { Mark, Track } from "../lib/series.ts";

/** A curve with its name on it. */
export interface Curve {
	name: string;
	title: string;
	track: Track;
	unit: string | null;
	decimals: number;
	/** 0: blue, thin, round; 1: ochre, thick, square; null: ink. */
	series: 0 | 1 | null;
	/** The value is silent: the curve is cut short and grey. */
	stale: boolean;
	simulated: boolean;
}

/** Stretches of time [s] in which something was so: the door open, the compressor running. */
export interface Strip {
	title: string;
	stretches: [number, number][];
}

export interface Limit {
	rule: string;
	value: number;
	label: string;
	/** Everything below it is too low; otherwise everything above it is too high. */
	low: boolean;
}

/** What somebody wrote about a moment [s]. */
export interface Remark {
	id: string;
	at: number;
	text: string;
}

/** What there is to paint, and with what. */
export interface Scene {
	curves: readonly Curve[];
	/** The last point of each curve. */
	ends: readonly ({ t: number; v: number } | null)[];
	limits: readonly Limit[];
	marks: readonly Mark[];
	notes: readonly Remark[];
	strips: readonly Strip[];
	/** Each curve bears its name; a single one may have it above the picture. */
	named: boolean;
	/** The names stand over the curves: beside them is room for the numbers only. */
	inside: boolean;
	/** The value of a colour or font token. */
	ink(token: string): string;
	/** Canvas pixels of one pixel of the design. */
	px: number;
	alarm(mark: Mark): string;
	delay(mark: Mark): string;
	number(value: number, curve: Curve): string;
}

/** Size of the letters, in pixels of the design. */
export const LETTERS = 13.5;
/** Characters of a note that stand on a chart; the history page has all of them. */
const NOTED = 40;
const COLOURS = ["--air", "--product"] as const;

export function colour(curve: Curve): string {
	if (curve.stale) return "--ink-3";
	return curve.series === null ? "--ink-2" : COLOURS[curve.series];
}

/** Under the curves: the band of the first limit, hatched. */
export function paintUnder(u: uPlot, scene: Scene): void {
	const { ctx, bbox } = u;
	const limit = scene.limits[0];
	if (limit === undefined) return;
	const y = Math.min(Math.max(u.valToPos(limit.value, "y", true), bbox.top), bbox.top + bbox.height);
	const [top, tall] = limit.low ? [y, bbox.top + bbox.height - y] : [bbox.top, y - bbox.top];
	ctx.save();
	for (const fill of [scene.ink("--limit-band"), hatching(ctx, scene)]) {
		if (fill === null) continue;
		ctx.fillStyle = fill;
		ctx.fillRect(bbox.left, top, bbox.width, tall);
	}
	ctx.restore();
}

function hatching(ctx: CanvasRenderingContext2D, scene: Scene): CanvasPattern | null {
	const tile = document.createElement("canvas");
	const size = Math.round(10 * scene.px);
	tile.width = tile.height = size;
	const brush = tile.getContext("2d");
	if (brush === null) return null;
	brush.strokeStyle = scene.ink("--limit");
	brush.globalAlpha = 0.34;
	brush.lineWidth = scene.px;
	brush.beginPath();
	for (const shift of [-size, 0, size]) {
		brush.moveTo(shift, size);
		brush.lineTo(shift + size, 0);
	}
	brush.stroke();
	return ctx.createPattern(tile, "repeat");
}

/** Over the curves: everything that has words. */
export function paintOver(u: uPlot, scene: Scene): void {
	u.ctx.save();
	u.ctx.textBaseline = "middle";
	const brush = new Brush(u, scene);
	paintLimits(brush);
	paintMarks(brush);
	paintNotes(brush);
	paintNames(brush);
	paintStrips(brush);
	u.ctx.restore();
}

/** A chart's canvas with its measures. */
class Brush {
	readonly ctx: CanvasRenderingContext2D;
	readonly left: number;
	readonly right: number;
	readonly top: number;
	readonly bottom: number;
	readonly px: number;
	readonly scene: Scene;
	private readonly u: uPlot;
	private size = LETTERS;

	constructor(u: uPlot, scene: Scene) {
		this.u = u;
		this.scene = scene;
		this.ctx = u.ctx;
		this.px = scene.px;
		this.left = u.bbox.left;
		this.right = u.bbox.left + u.bbox.width;
		this.top = u.bbox.top;
		this.bottom = u.bbox.top + u.bbox.height;
	}

	x(time: number): number {
		return this.u.valToPos(time, "x", true);
	}

	y(value: number): number {
		return this.u.valToPos(value, "y", true);
	}

	shows(time: number): boolean {
		const x = this.x(time);
		return x >= this.left - 1 && x <= this.right + 1;
	}

	letters(weight: number, size = LETTERS): void {
		this.size = size;
		this.ctx.font = `${weight} ${size * this.px}px ${this.scene.ink("--font")}`;
	}

	wide(words: string): number {
		return this.ctx.measureText(words).width;
	}

	line(points: readonly (readonly [number, number])[]): void {
		this.ctx.beginPath();
		points.forEach(([x, y], at) => (at === 0 ? this.ctx.moveTo(x, y) : this.ctx.lineTo(x, y)));
		this.ctx.stroke();
	}

	/** Words on a ground of their own, so that hatching and curves do not run through them. */
	say(words: string, x: number, y: number, token: string, align: CanvasTextAlign): void {
		this.ctx.textAlign = align;
		const wide = this.ctx.measureText(words).width;
		const tall = 1.24 * this.size * this.px;
		const left = x - (align === "right" ? wide : align === "center" ? wide / 2 : 0);
		this.ctx.fillStyle = this.scene.ink("--surface");
		this.ctx.globalAlpha = 0.86;
		this.ctx.fillRect(left - 3 * this.px, y - tall / 2, wide + 6 * this.px, tall);
		this.ctx.globalAlpha = 1;
		this.ctx.fillStyle = this.scene.ink(token);
		this.ctx.fillText(words, x, y);
	}
}

function paintLimits(brush: Brush): void {
	const { ctx, px, scene } = brush;
	const seen = scene.limits
		.map((limit, at) => ({ limit, at, y: brush.y(limit.value) }))
		.filter(({ y }) => y >= brush.top - 1 && y <= brush.bottom + 1);
	for (const { at, y } of seen) {
		ctx.strokeStyle = scene.ink("--limit");
		ctx.lineWidth = (at === 0 ? 1.8 : 1.3) * px;
		ctx.setLineDash(at === 0 ? [] : [6 * px, 4 * px]);
		brush.line([
			[brush.left, y],
			[brush.right, y],
		]);
	}
	ctx.setLineDash([]);
	for (const { limit, at, y } of seen) {
		if (seen.some((other) => other.at < at && Math.abs(other.y - y) < 22 * px)) continue; // crowded
		const left = besideMarks(brush, limit.label, y - 11 * px);
		brush.letters(600);
		brush.say(limit.label, left, y - 11 * px, "--limit", "left");
	}
}

/** Where a limit's words begin: from the left, and beyond each alarm whose line or words would run through them. */
function besideMarks(brush: Brush, words: string, y: number): number {
	const { px } = brush;
	brush.letters(600);
	const wide = brush.wide(words);
	const covered = Math.abs(brush.top - 6 * px - y) < 1.24 * LETTERS * px;
	const told = covered ? newestWords(brush) : null;
	const taken = shownMarks(brush).map(({ at }) => ({ from: brush.x(at) - 6 * px, to: brush.x(at) + 12 * px }));
	if (told !== null) taken.push({ from: told.from, to: told.to + 6 * px });
	let left = brush.left + 8 * px;
	for (const { from, to } of taken.sort((one, other) => one.from - other.from)) {
		if (from < left + wide && left < to) left = to;
	}
	return left + wide < brush.right ? left : brush.left + 8 * px;
}

/** The newest alarm's words, and from where to where they stand: after its line, or before it where that is too narrow. */
function newestWords(brush: Brush): { words: string; from: number; to: number; after: boolean } | null {
	const { ctx, px, scene } = brush;
	const newest = shownMarks(brush).at(-1);
	if (newest === undefined) return null;
	const x = brush.x(newest.at);
	const words = scene.alarm(newest);
	brush.letters(650);
	const wide = brush.wide(words);
	const after = x + wide + 14 * px < ctx.canvas.width;
	const from = after ? x + 11 * px : x - 11 * px - wide;
	return { words, from, to: from + wide, after };
}

function shownMarks(brush: Brush): Mark[] {
	return brush.scene.marks.filter((mark) => brush.shows(mark.at));
}

/** Each alarm as a mark on the time-line; the newest with its words and the delay before it. */
function paintMarks(brush: Brush): void {
	const { ctx, px, scene } = brush;
	const seen = shownMarks(brush);
	const newest = seen.at(-1);
	for (const mark of seen) {
		const x = brush.x(mark.at);
		const size = 7 * px;
		ctx.strokeStyle = ctx.fillStyle = scene.ink("--limit");
		ctx.globalAlpha = mark === newest ? 1 : 0.55;
		ctx.lineWidth = (mark === newest ? 2.2 : 1.2) * px;
		brush.line([
			[x, brush.top],
			[x, brush.bottom],
		]);
		ctx.beginPath();
		ctx.moveTo(x, brush.top - 1.7 * size);
		ctx.lineTo(x + size, brush.top);
		ctx.lineTo(x - size, brush.top);
		ctx.closePath();
		if (mark.past || mark.returned !== null) {
			ctx.fillStyle = scene.ink("--surface");
			ctx.fill();
			ctx.stroke();
		} else ctx.fill();
		ctx.globalAlpha = 1;
	}
	const told = newestWords(brush);
	if (newest === undefined || told === null) return;
	brush.letters(650);
	const { words, from, to, after } = told;
	brush.say(words, after ? from : to, brush.top - 6 * px, "--limit", after ? "left" : "right");
	paintDelay(brush, newest, brush.x(newest.at));
}

/** Each note as a flag on a dotted line at the foot of the picture; the newest with its words. */
function paintNotes(brush: Brush): void {
	const { ctx, px, scene } = brush;
	const seen = scene.notes.filter((note) => brush.shows(note.at));
	const newest = seen.at(-1);
	for (const note of seen) {
		const x = brush.x(note.at);
		ctx.strokeStyle = ctx.fillStyle = scene.ink("--ink-2");
		ctx.lineWidth = 1.4 * px;
		ctx.setLineDash([2 * px, 3 * px]);
		brush.line([
			[x, brush.top],
			[x, brush.bottom],
		]);
		ctx.setLineDash([]);
		ctx.fillRect(x, brush.top + 3 * px, 10 * px, 8 * px);
		if (note !== newest) continue;
		brush.letters(500, 12.5);
		const words = note.text.length > NOTED ? `${note.text.slice(0, NOTED - 1).trimEnd()}…` : note.text;
		const fits = x + ctx.measureText(words).width + 18 * px < brush.right;
		brush.say(words, x + (fits ? 14 : -6) * px, brush.top + 8 * px, "--ink-2", fits ? "left" : "right");
	}
}

/** The bracket from the moment the condition began to hold to the alarm. */
function paintDelay(brush: Brush, mark: Mark, x: number): void {
	const { ctx, px, scene } = brush;
	const from = Math.max(brush.x(mark.from), brush.left);
	if (mark.delay <= 0 || x - from <= 8 * px) return;
	const y = brush.bottom - 14 * px;
	ctx.strokeStyle = scene.ink("--ink-2");
	ctx.lineWidth = 1.6 * px;
	brush.line([
		[from, y - 6 * px],
		[from, y + 6 * px],
	]);
	brush.line([
		[from, y],
		[x, y],
	]);
	const words = scene.delay(mark);
	brush.letters(500);
	const wide = ctx.measureText(words).width;
	if (wide + 40 * px < x - from) brush.say(words, (from + x) / 2, y, "--ink-2", "center");
	else if (from - wide - 8 * px > brush.left) brush.say(words, from - 6 * px, y, "--ink-2", "right");
}

/** The name and the last value at the end of each curve, pushed apart where they would overlap. */
function paintNames(brush: Brush): void {
	const { ctx, px, scene } = brush;
	const names = scene.curves.flatMap((curve, at) => {
		const end = scene.ends[at] ?? null;
		return end === null || !brush.shows(end.t) ? [] : { curve, end, x: brush.x(end.t), y: brush.y(end.v) };
	});
	names.sort((a, b) => a.y - b.y);
	brush.letters(650);
	// one under the other at the same place, though a probe that speaks seldom ends its curve sooner
	const rightmost = Math.max(...names.map(({ x }) => x));
	const rows = spread(
		names.map(({ y }) => y),
		(LETTERS + 5) * px,
		brush.bottom - (LETTERS / 2) * px, // under the axis stand its times
	);
	names.forEach(({ curve, end, x, y }, row) => {
		const size = 5 * px;
		ctx.fillStyle = scene.ink(colour(curve));
		ctx.beginPath();
		if (curve.series === 1) ctx.rect(x - size, y - size, 2 * size, 2 * size);
		else ctx.arc(x, y, size, 0, 2 * Math.PI);
		ctx.fill();
		const at = rows[row] ?? y;
		const value = scene.number(end.v, curve);
		const name = scene.named ? within(curve.title) : "";
		const words = scene.inside || name === "" ? value : `${name} ${value}`;
		let beside = rightmost - x < 40 * px ? rightmost : x;
		// words that an alarm or the edge would run through stand beyond both, where a dotted line leads to them
		if (crossed(brush, beside + 10 * px, ctx.measureText(words).width)) {
			beside = brush.right;
			ctx.strokeStyle = scene.ink(colour(curve));
			ctx.lineWidth = 1.4 * px;
			ctx.setLineDash([2 * px, 4 * px]);
			brush.line([
				[x + 2 * size, y],
				[beside + 6 * px, at],
			]);
			ctx.setLineDash([]);
		}
		// a silent curve ends where limits still run: struck out it would read as wrong
		if (scene.inside) brush.say(name, x - 10 * px, at - 11 * px, colour(curve), "right");
		brush.say(words, beside + 10 * px, at, colour(curve), "left");
	});
}

/** Whether the right edge or an alarm's line runs through words of such a width that begin at `from`. */
function crossed(brush: Brush, from: number, wide: number): boolean {
	const lines = shownMarks(brush).map((mark) => brush.x(mark.at));
	return [...lines, brush.right].some((at) => at > from && at < from + wide);
}

/** Under the time axis, what explains the curves. */
function paintStrips(brush: Brush): void {
	const { ctx, px, scene } = brush;
	ctx.textAlign = "left";
	brush.letters(500, 12);
	scene.strips.forEach((strip, at) => {
		const y = brush.bottom + (30 + 15 * at) * px;
		const tall = 7 * px;
		ctx.fillStyle = scene.ink("--surface-2");
		ctx.fillRect(brush.left, y, brush.right - brush.left, tall);
		ctx.fillStyle = scene.ink("--ink-2");
		for (const [from, to] of strip.stretches) {
			const left = Math.max(brush.x(from), brush.left);
			const right = Math.min(brush.x(to), brush.right);
			if (right > left) ctx.fillRect(left, y, Math.max(right - left, px), tall);
		}
		ctx.fillText(strip.title, brush.right + 10 * px, y + tall / 2);
	});
}
