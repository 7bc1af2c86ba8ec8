import { measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("papp", { fr: "Puissance apparente", en: "Apparent power" }, "VA", 0),
		measure("share", { fr: "Part de l’abonnement", en: "Share of the subscription" }, "%", 0),
		measure("oven_power", { fr: "Four", en: "Oven" }, "W", 0),
		measure("kettle_power", { fr: "Bouilloire", en: "Kettle" }, "W", 0),
		measure("radiator_power", { fr: "Radiateur", en: "Radiator" }, "W", 0),
		measure("window_open", { fr: "Fenêtre ouverte", en: "Window open" }, null, 0),
	],
	real: ["kettle_power"],
	hypotheses: { elec_price: 0.245 },
	states: {
		night: { papp: 520, share: 4, oven_power: 0, kettle_power: 0, radiator_power: 0, window_open: 0 },
		morning: { papp: 9404, share: 78, oven_power: 6012, kettle_power: 0, radiator_power: 1000, window_open: 0 },
		kettle: { papp: 11_480, share: 96, oven_power: 6012, kettle_power: 2003, radiator_power: 1000, window_open: 0 },
		"heated street": { papp: 3900, share: 33, oven_power: 0, kettle_power: 0, radiator_power: 1000, window_open: 1 },
	},
};
