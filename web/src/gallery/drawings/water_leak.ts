import { measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("tap_flow", { fr: "Débit du robinet", en: "Tap flow" }, "L/min"),
		measure("index", { fr: "Index du compteur", en: "Meter index" }, "L", 0),
		measure("flow", { fr: "Débit au compteur", en: "Flow at the meter" }, "L/h", 0),
		measure("min_flow", { fr: "Plus petit débit", en: "Smallest flow" }, "L/h", 0),
		measure("valve_open", { fr: "Vanne ouverte", en: "Valve open" }, null, 0),
		measure("wet", { fr: "Eau au sol", en: "Water on the floor" }, null, 0),
	],
	real: ["valve_open"],
	states: {
		calm: { tap_flow: 0, index: 48_212, flow: 0, min_flow: 0, valve_open: 1, wet: 0 },
		"tap open": { tap_flow: 6, index: 48_230, flow: 360, min_flow: 0, valve_open: 1, wet: 0 },
		"night leak": { tap_flow: 0, index: 48_390, flow: 25, min_flow: 25, valve_open: 1, wet: 0 },
		burst: { tap_flow: 0, index: 49_020, flow: 600, min_flow: 0, valve_open: 1, wet: 1 },
		"closed, and yet it runs": { tap_flow: 6, index: 49_100, flow: 360, min_flow: 0, valve_open: 0, wet: 0 },
	},
};
