/** What a device is called on the screens: a phone by who holds it. */

import { t } from "./choice.svelte.ts";
import { hub } from "./hub.svelte.ts";
import type { Device } from "./lib/types.ts";

/** The table and the first name of who holds a phone; null: it is no phone of the room. */
export function holder(device: Device): string | null {
	const person = hub.picture?.room.people.find((each) => each.device === device.id);
	if (person === undefined) return null;
	const table = person.table === null ? t("join.no_table") : t("join.at_table", { table: person.table });
	return person.name ? `${table} · ${person.name}` : table;
}
