import { DOOR, measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("mass", { fr: "Farine", en: "Flour" }, "kg", 0),
		measure("autonomy", { fr: "Autonomie", en: "Stock lasts" }, "days"),
		measure("distance", { fr: "Distance du radar", en: "Radar distance" }, "m", 2),
		measure("level", { fr: "Niveau", en: "Level" }, "m", 2),
		measure("auger_power", { fr: "Puissance de la vis", en: "Auger power" }, "W", 0),
		{ ...DOOR, name: "hatch_open", title: { fr: "Trappe ouverte", en: "Hatch open" } },
		measure("bucket_litres", { fr: "Seau", en: "Bucket" }, "L"),
	],
	real: ["bucket_litres"],
	states: {
		calm: { mass: 2953, autonomy: 14.8, distance: 0.62, level: 3.38, auger_power: 0, hatch_open: 0, bucket_litres: 9 },
		"auger running": {
			mass: 1212,
			autonomy: 5.7,
			distance: 2.16,
			level: 1.84,
			auger_power: 1100,
			hatch_open: 0,
			bucket_litres: 4,
		},
		"nearly empty, delivery": {
			mass: 96,
			autonomy: 0.4,
			distance: 3.4,
			level: 0.6,
			auger_power: 0,
			hatch_open: 1,
			bucket_litres: 0,
		},
	},
};
