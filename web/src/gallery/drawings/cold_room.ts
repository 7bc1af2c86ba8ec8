import { DOOR, measure, POWER } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("air", { fr: "Air", en: "Air" }, "°C"),
		measure("product", { fr: "Produit", en: "Product" }, "°C"),
		POWER,
		DOOR,
	],
	real: ["door_open"],
	states: {
		calm: { air: 3, product: 3.2, power: 1000, door_open: 0 },
		"door open": { air: 9.3, product: 3.4, power: 1000, door_open: 1 },
		"compressor stopped": { air: 18, product: 4.4, power: 0, door_open: 0 },
	},
};
