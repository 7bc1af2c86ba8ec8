/** The wall's page and those of people who prepare and lead: the room's phones need not wait for them. */

import type { Page } from "./lib/route.ts";

const LATER = {
	"/projector": () => import("./pages/Projector.svelte"),
	"/devices": () => import("./pages/Devices.svelte"),
	"/facilitator": () => import("./pages/Facilitator.svelte"),
	"/history": () => import("./pages/History.svelte"),
	"/plan": () => import("./pages/Plan.svelte"),
	"/join": () => import("./pages/Join.svelte"),
	"/import": () => import("./pages/Import.svelte"),
	"/setup": () => import("./pages/Setup.svelte"),
	"/alarms": () => import("./pages/AlarmJournal.svelte"),
	"/gallery": () => import("./pages/Gallery.svelte"),
	"/secure": () => import("./pages/Secure.svelte"),
	"/selftest": () => import("./pages/SelfTest.svelte"),
	"/doctor": () => import("./pages/Doctor.svelte"),
	"/table": () => import("./pages/Table.svelte"),
} as const;

/** How a page is loaded; null: it is here already. */
export function later(page: Page) {
	return page in LATER ? LATER[page as keyof typeof LATER] : null;
}
