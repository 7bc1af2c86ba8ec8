/** Channels of any device in people's words: what they are called, how precise they are. */

import { decimalsOf } from "./format.ts";

/** What tells one of several alike: a number, a phase or axis, a name with a number in it (`ds18b20`). */
const MARK = /^([a-z]|.*\d.*)$/;

/** Quantities that stay what they are whatever name stands behind: `temperature_kitchen` is a temperature. */
const FIRM = new Set([
	"temperature",
	"target_temperature",
	"dew_point",
	"humidity",
	"moisture",
	"pressure",
	"illuminance",
	"brightness",
	"co2",
	"battery",
	"humidite",
	"pression",
	"luminosite",
	"eclairement",
]);

/** What the hub adds behind the name of a light or a cover: `lamp_brightness`. */
const ADDED = new Set(["brightness", "position"]);

/** The longest beginning of the channel's name that is `known`, and the words behind it. */
export function begun(channel: string, known: (name: string) => boolean): [base: string | null, rest: string[]] {
	const words = channel.split("_");
	for (let count = words.length; count > 0; count--) {
		const base = words.slice(0, count).join("_");
		if (known(base)) return [base, words.slice(count)];
	}
	return [null, words];
}

/**
 * The channel's base name among `known`, and what distinguishes it: `temperature_ds18b20_1` → temperature, "ds18b20 1".
 * A word that only begins somebody's own identifier is none: `uptime_sensor` is no uptime of a "sensor".
 */
export function named(channel: string, known: (name: string) => boolean): [base: string | null, rest: string] {
	const [base, rest] = begun(channel, known);
	if (base !== null && (FIRM.has(base) || rest.every((word) => MARK.test(word)))) return [base, rest.join(" ")];
	const words = channel.split("_");
	const last = words.at(-1) ?? "";
	return ADDED.has(last) && known(last) ? [last, words.slice(0, -1).join(" ")] : [null, words.join(" ")];
}

/** Decimals that say what the value is and no more: four significant figures at most. */
export function precision(value: number): number {
	const most = mostOf(value);
	return decimalsOf(Number(value.toFixed(most)), most);
}

function mostOf(value: number): number {
	const size = Math.abs(value);
	return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
}

/** Remembers how precise each channel has been: a probe that says 3.1, 3, 3.2 writes 3.0 in between. */
export function steady(): (channel: string, value: number) => number {
	const known = new Map<string, number>();
	return (channel, value) => {
		const decimals = Math.max(known.get(channel) ?? 0, precision(value));
		known.set(channel, decimals);
		return Math.min(decimals, mostOf(value));
	};
}
