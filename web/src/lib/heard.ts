/** Which real devices of a family have spoken. */

import type { Device } from "./types.ts";

export interface Heard {
	id: string;
	name: string;
	/** When it last spoke [ms]; null: the hub did not say. */
	seen: number | null;
}

/** The family's devices that really spoke, the newest first: a simulated one ticks nothing. */
export function heardOf(devices: readonly Device[], family: string): Heard[] {
	return devices
		.filter((device) => device.family === family && !device.simulated)
		.map((device) => ({ id: device.id, name: device.name, seen: seenAt(device) }))
		.sort((one, other) => (other.seen ?? 0) - (one.seen ?? 0));
}

function seenAt(device: Device): number | null {
	const times = [device.seen ?? null, ...device.channels.map((channel) => channel.time)]
		.filter((time) => time !== null)
		.map((time) => Date.parse(time));
	return times.length > 0 ? Math.max(...times) : null;
}
