/** Fake data for the gallery: every state that a value, an alarm or a panel can be in. */

import type { FloorPlan, Pin } from "../lib/plan.ts";
import type { Mark, Track } from "../lib/series.ts";
import type { Sight } from "../lib/sight.ts";
import type { ValueState } from "../lib/state.ts";
import type {
	Alarm,
	AlarmState,
	Card,
	Channel,
	Device,
	Fault,
	Measure,
	Part,
	Quality,
	Rule,
	Sentence,
	Text,
	UsecaseRole,
	Vote,
} from "../lib/types.ts";

export const NOW = Date.parse("2026-11-24T04:12:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

export function measure(name: string, title: Text, unit: string | null, decimals = 1): Measure {
	return {
		name,
		title,
		role: "probe",
		device: "tasmota:gallery",
		channel: name,
		unit,
		decimals,
		silence_s: 600,
		primary: true,
		value: null,
		time: null,
		quality: null,
	};
}

export const AIR = measure("air", { fr: "Air", en: "Air" }, "°C");
export const PRODUCT = measure("product", { fr: "Produit", en: "Product" }, "°C");
export const POWER = measure("power", { fr: "Puissance", en: "Power" }, "W", 0);
export const DOOR: Measure = {
	...measure("door_open", { fr: "Porte ouverte", en: "Door open" }, null, 0),
	inverted: true,
};

const AGES: Record<ValueState, number | null> = { live: 4, waiting: null, stale: 780, uncertain: 6, bad: 6 };
const QUALITY: Record<ValueState, Quality | null> = {
	live: "good",
	waiting: null,
	stale: "good",
	uncertain: "uncertain",
	bad: "bad",
};

export function seen(
	of: Measure,
	value: number,
	state: ValueState = "live",
	origin: Sight["origin"] = "real",
	alarm: Alarm | null = null,
): Sight {
	const waiting = state === "waiting";
	return {
		measure: of,
		device: "tasmota:gallery",
		channel: of.channel,
		raw: waiting ? null : value,
		unit: of.unit,
		quality: QUALITY[state],
		shown: { state, value: waiting || state === "bad" ? null : value, age: AGES[state] },
		origin,
		run: null,
		alarm,
	};
}

export function alarm(state: AlarmState, texts?: Text): Alarm {
	const acknowledged = state === "acknowledged";
	return {
		id: `gallery.air_high-${state}-${texts?.en.length ?? 0}`,
		rule: "air_high",
		measure: "air",
		device: "tasmota:gallery",
		usecase: "gallery",
		priority: "medium",
		state,
		raised_at: at(-1260),
		returned_at: state === "returned" ? at(-120) : null,
		acknowledged_at: acknowledged ? at(-300) : null,
		acknowledged_by: acknowledged ? "animateur" : null,
		comment: acknowledged ? "Je ferme la porte." : null,
		past: false,
		texts: texts ?? {
			fr: "L’air est au-dessus de +4\u202f°C depuis 15\u00a0min (7,2\u202f°C). Porte\u202f? Givre\u202f?",
			en: "Air above +4\u00a0°C for 15\u00a0min (7.2\u00a0°C). Door? Ice?",
		},
		source: {
			fr: "Arrêté du 21 décembre 2009\u00a0: denrées très périssables ≤\u00a0+4\u202f°C",
			en: "French order of 21 December 2009: very perishable food ≤\u00a0+4\u00a0°C",
		},
		indicative: true,
	};
}

export const RULES: Rule[] = [
	{
		id: "air_high",
		title: { fr: "air trop chaud 15 min", en: "air too warm 15 min" },
		kind: "limit_high",
		measure: "air",
		limit: 4,
		unit: "°C",
		on_delay_s: 900,
		off_delay_s: 60,
		priority: "medium",
		source: null,
		indicative: true,
	},
];

/** Two hours of a room whose door is opened 40 minutes before the end; `until` [s before now] cuts it short. */
export function curve(kind: "air" | "product", until = 0): Track {
	const t: number[] = [];
	const v: number[] = [];
	for (let back = 7200; back >= until; back -= 60) {
		const tooth = 3 + Math.asin(Math.sin(back / 350)) * 0.6;
		const open = Math.max(0, 2400 - back);
		t.push(NOW / 1000 - back);
		v.push(kind === "air" ? tooth + 4.4 * (1 - Math.exp(-open / 700)) : 3.3 + open / 24_000);
	}
	return { t, v };
}

export const MARKS: Mark[] = [
	{
		id: "gallery",
		at: NOW / 1000 - 1260,
		from: NOW / 1000 - 2160,
		returned: null,
		rule: "air_high",
		delay: 900,
		past: false,
	},
];

export const ROLES: UsecaseRole[] = [
	{
		name: "probe",
		title: { fr: "Sonde", en: "Probe" },
		kind: { fr: "Tasmota, deux DS18B20", en: "Tasmota, two DS18B20" },
		state: "simulated",
		device: "tasmota:gallery",
	},
	{
		name: "door",
		title: { fr: "Porte", en: "Door" },
		kind: { fr: "Contact Zigbee, sur pile", en: "Zigbee contact, on battery" },
		state: "real",
		device: "zigbee2mqtt:gallery",
	},
	{
		name: "outside",
		title: { fr: "Réserve", en: "Store room" },
		kind: { fr: "22 °C supposés, à remplacer", en: "22 °C supposed, to replace" },
		state: "missing",
		device: null,
	},
];

export const CARDS: Card[] = [
	{
		id: "goods",
		title: { fr: "Marchandise sauvée", en: "Goods saved" },
		formula: "stock * loss_probability * share_avoided",
		unit: { fr: "€/an", en: "€/year" },
		note: null,
		hypotheses: [
			{
				id: "stock",
				title: { fr: "Valeur du stock", en: "Value of the goods" },
				value: 3000,
				low: 1500,
				high: 5000,
				step: 100,
				unit: "€",
			},
			{
				id: "loss_probability",
				title: { fr: "Pertes par an", en: "Losses a year" },
				value: 0.1,
				low: 0.02,
				high: 0.3,
				step: 0.01,
				unit: null,
			},
			{
				id: "share_avoided",
				title: { fr: "Part évitée", en: "Share avoided" },
				value: 0.8,
				low: 0.2,
				high: 1,
				step: 0.05,
				unit: null,
			},
		],
	},
];

export const FAULTS: Fault[] = [
	{ name: "delivery", title: { fr: "Livraison", en: "Delivery" }, active: false },
	{ name: "door_open", title: { fr: "Porte grande ouverte", en: "Door wide open" }, active: true },
	{ name: "compressor_dead", title: { fr: "Compresseur mort", en: "Compressor dead" }, active: false },
];

/** A broker that does not answer, and an InfluxDB that was away and refused a line. */
export const PARTS: Record<string, Part> = {
	journal: { status: "ok" },
	broker: {
		status: "degraded",
		text: { fr: "Le courtier MQTT ne répond pas.", en: "The MQTT broker does not answer." },
		remedy: { fr: "`matinales doctor` dit quoi vérifier.", en: "`matinales doctor` says what to check." },
	},
	gaps: {
		status: "degraded",
		text: {
			fr: "Le courtier MQTT a redémarré : ce qu’il avait confirmé juste avant manque peut-être.",
			en: "The MQTT broker was restarted: what it had confirmed just before may be missing.",
		},
		remedy: { fr: "Rien à faire s’il a été arrêté proprement.", en: "Nothing to do if it was stopped in order." },
		newest: [{ since: "2026-11-24T09:31:02Z", until: "2026-11-24T09:31:05Z" }],
	},
	store: {
		status: "ok",
		influx: {
			behind_messages: 38_200,
			behind_minutes: 41.5,
			hours_left: 9.4,
			erasing: 1,
			refused: 1,
			refused_newest: [
				{
					line: "telemetry,device=acme:a7,run=real count=3.0 1790000000000000000",
					reason: "field type conflict",
					time: "",
				},
			],
		},
	},
};

export const SENTENCES: Sentence[] = [
	{
		code: "calm",
		params: { air: 3.1, product: 3.2 },
		text: {
			fr: "L’air est à 3,1\u202f°C, le produit à 3,2\u202f°C\u00a0: tout va bien.",
			en: "Air is at 3.1\u00a0°C, the product at 3.2\u00a0°C: all is well.",
		},
	},
	{
		code: "air_high_eta",
		params: { air: 7.2, product: 3.4 },
		text: {
			fr: "L’air est à 7,2\u202f°C depuis 4\u00a0min, le produit à 3,4\u202f°C\u00a0: il reste environ 1\u00a0h\u00a050 avant +4\u202f°C.",
			en: "Air has been at 7.2\u00a0°C for 4\u00a0min, the product is at 3.4\u00a0°C: about 1\u00a0h\u00a050\u00a0min left before +4\u00a0°C.",
		},
	},
];

const channel = (
	name: string,
	unit: string | null,
	value: number | null,
	quality: Quality | null = "good",
): Channel => ({
	name,
	unit,
	value,
	time: value === null ? null : at(-4),
	quality,
});

const device = (name: string, more: Partial<Device>): Device => ({
	id: `tasmota:${name}`,
	name,
	family: "tasmota",
	availability: "online",
	simulated: false,
	run: "real",
	channels: [],
	...more,
});

/** A device that speaks well and badly, one that went, one that waits for a yes, one that obeys, one that refuses. */
export const DEVICES: [string, Device][] = [
	[
		"good, uncertain, refused, never",
		device("gallery-plug", {
			room: "Cuisine",
			missed: 3,
			channels: [
				channel("temperature", "°C", 3.4),
				channel("humidity", "%", 143, "uncertain"),
				channel("pressure", "hPa", 3, "bad"),
				channel("co2", "ppm", null, null),
			],
		}),
	],
	[
		"offline, a name without end",
		device(`gallery-${"long".repeat(12)}`, {
			availability: "offline",
			simulated: true,
			channels: [channel("temperature", "°C", 3.4)],
		}),
	],
	["proposed", device("gallery-neighbour", { proposed: true, channels: [channel("power", "W", 1250)] })],
	[
		"command sent",
		device("gallery-switch", {
			settable: ["switch"],
			channels: [channel("switch", null, 0)],
			commands: { switch: command("sent") },
		}),
	],
	[
		"command refused",
		device("gallery-locked", {
			locked: true,
			settable: ["switch"],
			channels: [channel("switch", null, 1)],
			commands: { switch: command("refused") },
		}),
	],
	["nothing heard", device("gallery-new", { availability: null })],
];

function command(state: "sent" | "refused") {
	return {
		id: `gallery-${state}`,
		device: "tasmota:gallery-switch",
		channel: "switch",
		value: 1,
		state,
		by: "facilitator",
		at: at(-2),
		reason: state === "refused" ? "locked" : null,
	};
}

export const VOTES: [string, Vote][] = [
	[
		"nobody yet",
		{
			id: "none",
			question: "Quel capteur l’aurait vu le premier ?",
			options: ["Air", "Produit"],
			state: "open",
			counts: [0, 0],
		},
	],
	[
		"closed",
		{
			id: "closed",
			question: "Which sensor would have seen it first?",
			options: ["Air", "Product", "Door"],
			state: "closed",
			counts: [7, 2, 31],
		},
	],
];

function pin(number: number, name: string, x: number, y: number, more: Partial<Pin> = {}): Pin {
	const of = device(`gallery-pin-${number}`, { name });
	const shown = { state: "live" as const, value: 3.4, age: 4 };
	const channels = [{ channel: channel("temperature", "°C", 3.4), title: AIR.title, shown }];
	return { number, name, device: of, place: { x, y }, channels, silent: false, age: 4, alarm: null, ...more };
}

function stated(number: number, name: string, x: number, y: number, state: ValueState, more: Partial<Pin> = {}): Pin {
	const plain = pin(number, name, x, y);
	const printed = state === "waiting" || state === "bad" ? null : 3.4;
	const channels = plain.channels.map((each) => ({ ...each, shown: { state, value: printed, age: AGES[state] } }));
	return { ...plain, channels, age: AGES[state], ...more };
}

const simulated = (of: Pin): Pin => ({ ...of, device: { ...of.device, simulated: true, run: "gallery" } });
const PINS: Pin[] = [
	pin(1, "Air", 0.05, 0.08),
	stated(2, "Silent", 0.96, 0.1, "stale", { silent: true }),
	pin(3, "Alarm", 0.06, 0.5, { alarm: alarm("unacknowledged") }),
	pin(4, "Acknowledged", 0.95, 0.45, { alarm: alarm("acknowledged") }),
	pin(5, "Returned", 0.06, 0.92, { alarm: alarm("returned") }),
	simulated(pin(6, "Simulated", 0.95, 0.9)),
	simulated(
		stated(7, `Silent alarm ${"long".repeat(9)}`, 0.5, 0.12, "stale", {
			silent: true,
			alarm: alarm("unacknowledged"),
		}),
	),
	stated(8, "No value yet", 0.52, 0.5, "waiting"),
	stated(9, "Refused", 0.5, 0.86, "bad"),
];
/** A picture of one's own, taller than wide. */
const OWN: FloorPlan["picture"] = {
	address:
		"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 600 800'%3E%3Crect width='600' height='800' fill='%23fffbe9'/%3E%3Cpath d='M40 40h520v720H40zM40 400h320v360' fill='none' stroke='%23333' stroke-width='12'/%3E%3C/svg%3E",
	width: 600,
	height: 800,
	title: "Fournil",
};
/** The floor plan: empty, with every state a device can be in, on one's own picture, being edited. */
export const PLANS: [string, FloorPlan["picture"], Pin[]][] = [
	["empty", null, []],
	["every state", null, PINS],
	["own picture", OWN, PINS.slice(0, 3)],
	["being edited", null, PINS.slice(1, 5)],
];
