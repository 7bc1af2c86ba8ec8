import { measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("vpd", { fr: "Déficit de vapeur", en: "Vapour deficit" }, "kPa", 2),
		measure("air", { fr: "Air", en: "Air" }, "°C"),
		measure("humidity", { fr: "Humidité", en: "Humidity" }, "%", 0),
		measure("leaf", { fr: "Feuille", en: "Leaf" }, "°C"),
		measure("dew", { fr: "Point de rosée", en: "Dew point" }, "°C"),
		measure("margin", { fr: "Feuille au-dessus du point de rosée", en: "Leaf above the dew point" }, "K"),
		measure("vent", { fr: "Ouvrants", en: "Vents" }, "%", 0),
		measure("heater", { fr: "Puissance de l’aérotherme", en: "Heater power" }, "W", 0),
	],
	real: ["leaf"],
	alarms: { "shut and wet": ["margin"], "heating the sky": ["heater"] },
	states: {
		noon: { vpd: 1.05, air: 25.4, humidity: 67, leaf: 24.6, dew: 18.8, margin: 5.8, vent: 25, heater: 3 },
		"shut and wet": { vpd: 0.06, air: 16.1, humidity: 97, leaf: 15.1, dew: 15.6, margin: -0.5, vent: 0, heater: 350 },
		"heating the sky": { vpd: 0.62, air: 13.8, humidity: 61, leaf: 12.9, dew: 6.5, margin: 6.4, vent: 60, heater: 350 },
	},
};
