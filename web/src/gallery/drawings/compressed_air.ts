import { measure, POWER } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("pressure", { fr: "Pression", en: "Pressure" }, "bar"),
		{ ...POWER, title: { fr: "Puissance du compresseur", en: "Compressor power" } },
		measure("duty", { fr: "Part du temps où il tourne", en: "Share of the time it runs" }, "%", 0),
		measure(
			"leak",
			{ fr: "Fuite, selon la marche du compresseur", en: "Leak, by the compressor’s running" },
			"NL/min",
			0,
		),
	],
	states: {
		calm: { pressure: 7.6, power: 0, duty: 0, leak: 0 },
		"leak, running": { pressure: 7.1, power: 5800, duty: 17, leak: 145 },
		"no pressure": { pressure: 1.2, power: 0, duty: 0, leak: 0 },
	},
};
