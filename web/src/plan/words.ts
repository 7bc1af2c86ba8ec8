/** Where a device hangs, in words. */

import { ninth, type Place } from "../lib/plan.ts";

type Speaker = (key: "place" | ReturnType<typeof ninth>, parts?: Record<string, string | number>) => string;

const percent = (part: number) => Math.round(part * 100);

/** What a sentence about a place is filled with. */
export function partsOf(place: Place, say: Speaker): { where: string; x: number; y: number } {
	return { where: say(ninth(place)), x: percent(place.x), y: percent(place.y) };
}

/** "en haut à gauche (12 %, 20 %)". */
export function positionOf(place: Place, say: Speaker): string {
	return say("place", partsOf(place, say));
}
