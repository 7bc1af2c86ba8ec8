/** Panels and drawings are found, never listed: a use case may say `kind = "gauge"` the moment Gauge.svelte exists. */

import type { Component } from "svelte";
import type { Drawn } from "./drawings/shared/reading.ts";

const PANELS = import.meta.glob<{ default: Component<Record<string, unknown>> }>("./panels/*.svelte", { eager: true });
/** Each is a file of its own that the page fetches when its story is told: the first page stays light. */
const DRAWINGS = import.meta.glob<{ default: Component<Drawn> }>("./drawings/*.svelte");
const loaded = new Map<string, Promise<Component<Drawn>>>();

/** The panel of a kind (`limit_gauge` → panels/LimitGauge.svelte), or null where nobody has drawn it yet. */
export function panelOf(kind: string): Component<Record<string, unknown>> | null {
	const name = kind.replace(/(^|_)(\w)/g, (_all, _gap, letter: string) => letter.toUpperCase());
	return PANELS[`./panels/${name}.svelte`]?.default ?? null;
}

export function isDrawn(usecase: string): boolean {
	return `./drawings/${usecase}.svelte` in DRAWINGS;
}

/** The drawing of a use case, on its way; null where nobody has drawn it yet. The same promise for the same name. */
export function drawingOf(usecase: string): Promise<Component<Drawn>> | null {
	const known = loaded.get(usecase);
	if (known !== undefined) return known;
	const load = DRAWINGS[`./drawings/${usecase}.svelte`];
	if (load === undefined) return null;
	const drawing = load().then((module) => module.default);
	loaded.set(usecase, drawing);
	// a laptop that was out of reach for a moment asks again at the next story
	drawing.catch(() => loaded.delete(usecase));
	return drawing;
}
