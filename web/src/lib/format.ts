/** Numbers, ages and times as people write them: the same rules as the hub's `rules/wording.py`.
 *
 * French typography (stage/README): decimal comma, U+202F before °C % ; U+00A0 before units made of letters and €. */

import type { Language } from "./types.ts";

export const NARROW = "\u202f";
export const HARD = "\u00a0";
const MINUS = "\u2212";
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** `1 234,5` and `1,234.5`, with a real minus sign; `sign` shows a plus too. What is no number is a dash. */
export function number(value: number | null | undefined, decimals: number, language: Language, sign = false): string {
	if (value === null || value === undefined || !Number.isFinite(value)) return "–";
	return digits(decimals, language, sign).format(rounded(value, decimals)).replace("-", MINUS);
}

/** As Python rounds: by the exact binary value, a true half to the even digit; the number beside a sentence of the hub
 * never differs from it. `toFixed` is exact, but for true halves (ECMA-262, Number.prototype.toFixed: the larger). */
function rounded(value: number, decimals: number): number {
	const shifted = value * 10 ** decimals;
	const half = Math.abs(shifted % 1) === 0.5 && Number.isInteger(value * 2 ** (decimals + 1));
	return half ? (2 * Math.round(shifted / 2)) / 10 ** decimals : Number(value.toFixed(decimals));
}

const DIGITS = new Map<string, Intl.NumberFormat>();

function digits(decimals: number, language: Language, sign: boolean): Intl.NumberFormat {
	const key = `${language} ${decimals} ${sign}`;
	let made = DIGITS.get(key);
	if (made === undefined) {
		made = new Intl.NumberFormat(language === "fr" ? "fr-FR" : "en-GB", {
			minimumFractionDigits: decimals,
			maximumFractionDigits: decimals,
			signDisplay: sign ? "exceptZero" : "negative",
		});
		DIGITS.set(key, made);
	}
	return made;
}

/** Units that are words: the same as the hub's `FRENCH_UNITS`. */
const FRENCH_UNITS: Readonly<Record<string, string>> = { days: "jours", "kg/day": "kg/jour" };

/** A unit as the reader's language writes it: `days` is `jours`. */
export function unitIn(unit: string, language: Language): string {
	return language === "fr" ? (FRENCH_UNITS[unit] ?? unit) : unit;
}

/** A title inside a line: "air", but still "CO₂". */
export function within(title: string): string {
	return /^\p{Lu}\p{Ll}/u.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title;
}

/** What stands between a number and its unit. */
export function gap(unit: string, language: Language): string {
	if (unit.startsWith("%")) return language === "fr" ? NARROW : "";
	return unit.startsWith("°") && language === "fr" ? NARROW : HARD;
}

/** `7,2 °C`, `62 %`; without unit the number alone. */
export function quantity(
	value: number | null | undefined,
	unit: string | null | undefined,
	decimals: number,
	language: Language,
	sign = false,
): string {
	const shown = number(value, decimals, language, sign);
	return unit ? shown + gap(unit, language) + unitIn(unit, language) : shown;
}

/** As few decimals as say what the number is: 4 → "4", 0.25 → "0,25". */
export function decimalsOf(value: number, most = 3): number {
	for (let places = 0; places < most; places++) {
		if (Math.abs(Number(value.toFixed(places)) - value) < 1e-9) return places;
	}
	return most;
}

/** How a number without a stated precision is shown: three significant figures, no needless decimals. */
export function plain(value: number, language: Language): string {
	const size = Math.abs(value);
	const most = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
	return number(value, decimalsOf(Number(value.toFixed(most)), most), language);
}

/** A span: "12 s", "4 min", "1 h 50" (English "1 h 50 min"), from two days on "3 jours"; less than a second is a moment:
 * "depuis un instant", "il y a un instant", where "0 s" says nothing. */
export function duration(seconds: number, language: Language): string {
	const whole = Math.max(Math.floor(seconds), 0);
	if (whole === 0) return language === "fr" ? `un${HARD}instant` : `a${HARD}moment`;
	if (whole < MINUTE) return `${whole}${HARD}s`;
	if (whole < HOUR) return `${Math.floor(whole / MINUTE)}${HARD}min`;
	if (whole < 2 * DAY) {
		const hours = Math.floor(whole / HOUR);
		const minutes = Math.floor((whole % HOUR) / MINUTE);
		if (minutes === 0) return `${hours}${HARD}h`;
		if (language === "en") return `${hours}${HARD}h${HARD}${minutes}${HARD}min`;
		return `${hours}${HARD}h${HARD}${String(minutes).padStart(2, "0")}`;
	}
	return `${Math.floor(whole / DAY)}${HARD}${language === "fr" ? "jours" : "days"}`;
}

const CLOCKS = new Map<string, Intl.DateTimeFormat>();

function clock(zone: string | undefined, options: Intl.DateTimeFormatOptions, language: Language): Intl.DateTimeFormat {
	const key = `${language} ${zone ?? ""} ${JSON.stringify(options)}`;
	let made = CLOCKS.get(key);
	if (made === undefined) {
		const locale = language === "fr" ? "fr-FR" : "en-GB";
		made = new Intl.DateTimeFormat(locale, { ...options, ...(zone ? { timeZone: zone } : {}) });
		CLOCKS.set(key, made);
	}
	return made;
}

/** "05:12", in the hub's time zone where it said which, else the reader's. */
export function time(at: number, zone?: string, seconds = false): string {
	const parts: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
	return clock(zone, seconds ? { ...parts, second: "2-digit" } : parts, "en").format(at);
}

/** "mardi 24 novembre", "Tuesday 24 November". */
export function day(at: number, language: Language, zone?: string): string {
	return clock(zone, { weekday: "long", day: "numeric", month: "long" }, language).format(at);
}

/** "vendredi 28 novembre 2036", "Friday 28 November 2036": a day of some other year. */
export function dayOfYear(at: number, language: Language, zone?: string): string {
	return clock(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" }, language).format(at);
}

/** "mar. 24", "Tue 24": a day on an axis. */
export function shortDay(at: number, language: Language, zone?: string): string {
	return clock(zone, { weekday: "short", day: "numeric" }, language).format(at);
}

/** Minutes that the zone is ahead of UTC at that moment, for axes that tick at local hours. */
export function offsetMinutes(at: number, zone?: string): number {
	const parts = clock(
		zone,
		{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" },
		"en",
	).formatToParts(at);
	const of = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
	const local = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"));
	return Math.round((local - Math.floor(at / 60_000) * 60_000) / 60_000);
}
