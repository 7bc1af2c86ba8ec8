/** Panels and drawings are found, never listed: a use case may say `kind = "gauge"` the moment Gauge.svelte exists. */

import type { Component } from "svelte";

const PANELS = import.meta.glob<{ default: Component<Record<string, unknown>> }>("./panels/*.svelte", { eager: true });
const DRAWINGS = import.meta.glob<{ default: Component<Record<string, unknown>> }>("./drawings/*.svelte", {
	eager: true,
});

/** The panel of a kind (`limit_gauge` → panels/LimitGauge.svelte), or null where nobody has drawn it yet. */
export function panelOf(kind: string): Component<Record<string, unknown>> | null {
	const name = kind.replace(/(^|_)(\w)/g, (_all, _gap, letter: string) => letter.toUpperCase());
	return PANELS[`./panels/${name}.svelte`]?.default ?? null;
}

/** The drawing of a use case, or null. */
export function drawingOf(usecase: string): Component<Record<string, unknown>> | null {
	return DRAWINGS[`./drawings/${usecase}.svelte`]?.default ?? null;
}
