import { DOOR, measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("air", { fr: "Air sous abri", en: "Air in the shelter" }, "°C"),
		measure("bud", { fr: "Bourgeon", en: "Bud" }, "°C"),
		measure("air_10m", { fr: "Air à 10 m", en: "Air at 10 m" }, "°C"),
		measure("inversion", { fr: "Inversion, 10 m moins abri", en: "Inversion, 10 m less shelter" }, "°C"),
		measure("damage_limit", { fr: "Seuil de dégâts au bourgeon", en: "Temperature that damages buds" }, "°C"),
		measure("wind", { fr: "Vent", en: "Wind" }, "m/s"),
		{ ...DOOR, inverted: false, name: "sprinkling", title: { fr: "Aspersion", en: "Sprinkling" } },
	],
	real: ["bud"],
	states: {
		evening: { air: 6.2, bud: 5.4, air_10m: 7.9, inversion: 1.7, damage_limit: -2, wind: 0.8, sprinkling: 0 },
		"sprinkled, iced": {
			air: -1.8,
			bud: -0.3,
			air_10m: 1.9,
			inversion: 3.7,
			damage_limit: -2,
			wind: 0.4,
			sprinkling: 1,
		},
		"below the limit, windy": {
			air: -2.9,
			bud: -3.4,
			air_10m: -2.6,
			inversion: 0.3,
			damage_limit: -2,
			wind: 4,
			sprinkling: 0,
		},
	},
};
