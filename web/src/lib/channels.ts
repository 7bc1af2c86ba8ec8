/** Channels of any device in people's words: what they are called, how precise they are. */

import { decimalsOf } from "./format.ts";

/** The channel's base name among `known`, and what distinguishes it: `temperature_ds18b20_1` → temperature, "ds18b20 1". */
export function named(channel: string, known: (name: string) => boolean): [base: string | null, rest: string] {
	const words = channel.split("_");
	for (let count = words.length; count > 0; count--) {
		const base = words.slice(0, count).join("_");
		if (known(base)) return [base, words.slice(count).join(" ")];
	}
	return [null, words.join(" ")];
}

/** Decimals that say what the value is and no more: four significant figures at most. */
export function precision(value: number): number {
	const size = Math.abs(value);
	const most = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
	return decimalsOf(Number(value.toFixed(most)), most);
}
