import { DOOR, measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

const point = (name: string, cm: number) =>
	measure(
		`${name}_${cm}`,
		{ fr: `${name.toUpperCase()} à ${cm} cm`, en: `${name.toUpperCase()} at ${cm} cm` },
		"cb",
		0,
	);

export const example: Example = {
	measures: [
		measure("tension", { fr: "Tension à 30 cm", en: "Tension at 30 cm" }, "cb", 0),
		measure("deep", { fr: "Tension à 60 cm", en: "Tension at 60 cm" }, "cb", 0),
		measure("spread", { fr: "Écart entre les points", en: "Spread between the points" }, "cb", 0),
		...["a", "b", "c"].flatMap((name) => [point(name, 30), point(name, 60)]),
		{ ...DOOR, inverted: false, name: "valve", title: { fr: "Vanne ouverte", en: "Valve open" } },
		measure("flow", { fr: "Débit", en: "Flow" }, "m³/h"),
		measure("rain_hour", { fr: "Pluie de la dernière heure", en: "Rain of the last hour" }, "mm"),
		measure("pot", { fr: "Pot", en: "Pot" }, "cb", 0),
	],
	real: ["pot"],
	alarms: { "half dry, a line clogged": ["tension"] },
	states: {
		comfort: {
			...{ tension: 38, deep: 24, spread: 6, a_30: 38, b_30: 42, c_30: 36, a_60: 24, b_60: 26, c_60: 22 },
			...{ valve: 0, flow: 0, rain_hour: 0, pot: 55 },
		},
		"half dry, a line clogged": {
			...{ tension: 84, deep: 46, spread: 92, a_30: 84, b_30: 121, c_30: 29, a_60: 46, b_60: 60, c_60: 31 },
			...{ valve: 1, flow: 30, rain_hour: 0, pot: 90 },
		},
		"valve jammed": {
			...{ tension: 52, deep: 31, spread: 9, a_30: 52, b_30: 56, c_30: 47, a_60: 31, b_60: 33, c_60: 30 },
			...{ valve: 1, flow: 0, rain_hour: 0, pot: 12 },
		},
		"storm while watering": {
			...{ tension: 14, deep: 20, spread: 3, a_30: 14, b_30: 16, c_30: 13, a_60: 20, b_60: 21, c_60: 19 },
			...{ valve: 1, flow: 30, rain_hour: 8.2, pot: 14 },
		},
	},
};
