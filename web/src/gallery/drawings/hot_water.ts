import { measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("departure", { fr: "Départ", en: "Departure" }, "°C"),
		measure("return_loop", { fr: "Retour", en: "Return" }, "°C"),
		measure("tap", { fr: "Dernier robinet", en: "Last tap" }, "°C"),
		measure("pump_power", { fr: "Puissance de la pompe", en: "Pump power" }, "W", 0),
	],
	real: ["tap"],
	states: {
		calm: { departure: 60, return_loop: 55, tap: 42, pump_power: 45 },
		"pump stopped": { departure: 60, return_loop: 46.4, tap: 41.2, pump_power: 0 },
	},
};
