import { measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("co2", { fr: "CO₂", en: "CO₂" }, "ppm", 0),
		measure("rebreathed", { fr: "Air déjà respiré", en: "Air breathed before" }, "%"),
		measure("window_open", { fr: "Fenêtre ouverte", en: "Window open" }, null, 0),
		measure("fan_on", { fr: "Ventilateur en marche", en: "Fan on" }, null, 0),
	],
	real: ["co2", "rebreathed"],
	states: {
		empty: { co2: 431, rebreathed: 0, window_open: 0, fan_on: 0 },
		"a meeting": { co2: 947, rebreathed: 1.4, window_open: 0, fan_on: 0 },
		stuffy: { co2: 1930, rebreathed: 4, window_open: 0, fan_on: 0 },
		aired: { co2: 1210, rebreathed: 2.1, window_open: 1, fan_on: 1 },
	},
};
