import { DOOR, measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("weight", { fr: "Poids", en: "Weight" }, "kg"),
		measure("brood_temp", { fr: "Couvain", en: "Brood" }, "°C"),
		measure("stores", { fr: "Réserves", en: "Stores" }, "kg"),
		measure("outside", { fr: "Extérieur", en: "Outside" }, "°C"),
		measure("drop_15", { fr: "Perdu en 15 min", en: "Lost in 15 min" }, "kg", 2),
		measure("lifted", { fr: "Boîte sur la table", en: "Box on the table" }, "kg", 3),
		{ ...DOOR, inverted: false, name: "visit", title: { fr: "Visite annoncée", en: "Visit announced" } },
	],
	real: ["lifted"],
	states: {
		calm: { weight: 38.2, brood_temp: 34.8, stores: 6.7, outside: 18.2, drop_15: 0.05, lifted: 1.5, visit: 0 },
		"cold morning": { weight: 37.9, brood_temp: 34.6, stores: 6.4, outside: 6.1, drop_15: 0, lifted: 1.5, visit: 1 },
		swarm: { weight: 36.4, brood_temp: 34.8, stores: 4.9, outside: 21.4, drop_15: 1.8, lifted: 0, visit: 0 },
		"lifted, brood cold": { weight: 0.2, brood_temp: 27.1, stores: 0, outside: 15, drop_15: 30, lifted: 1.5, visit: 0 },
	},
};
