import { measure } from "../fake.ts";
import type { Example } from "../scenes.ts";

export const example: Example = {
	measures: [
		measure("velocity", { fr: "Vitesse de vibration", en: "Vibration velocity" }, "mm/s", 2),
		measure("accel_hf", { fr: "Accélération, aigus", en: "HF acceleration" }, "g", 2),
		measure("bearing_temp", { fr: "Température du palier", en: "Bearing temperature" }, "°C"),
		measure("motor_power", { fr: "Puissance du moteur", en: "Motor power" }, "W", 0),
		measure("zone", { fr: "Zone", en: "Zone" }, null, 0),
	],
	states: {
		healthy: { velocity: 1.12, accel_hf: 0.25, bearing_temp: 41.5, motor_power: 1480, zone: 0 },
		unbalance: { velocity: 3.62, accel_hf: 0.3, bearing_temp: 43, motor_power: 1490, zone: 2 },
		"bearing at its end": { velocity: 7.8, accel_hf: 1.6, bearing_temp: 68.4, motor_power: 1610, zone: 3 },
		stopped: { velocity: 0.04, accel_hf: 0.02, bearing_temp: 22, motor_power: 3, zone: 0 },
	},
};
