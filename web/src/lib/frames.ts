/** What the page knows of the hub, made of frames. Pure: the same frames give the same picture. */

import type {
	Alarm,
	Channel,
	Choices,
	Computed,
	Device,
	Flood,
	Frame,
	Part,
	Role,
	Room,
	RunClock,
	Scenario,
	Sentence,
	Stands,
	Value,
	Vote,
	Wall,
} from "./types.ts";

export interface Picture {
	readonly seq: number;
	readonly now: string;
	readonly role: Role;
	readonly runs: Readonly<Record<string, RunClock>>;
	readonly devices: ReadonlyMap<string, Device>;
	readonly alarms: ReadonlyMap<string, Alarm>;
	readonly sentences: Readonly<Record<string, Sentence>>;
	readonly computed: Readonly<Record<string, Computed>>;
	readonly chosen: Readonly<Record<string, Choices>>;
	readonly scenario: Scenario | null;
	/** The question that is asked, or whose result is shown. */
	readonly vote: Vote | null;
	/** Who takes part, and what the projector shows. */
	readonly room: Room;
	readonly parts: Readonly<Record<string, Part>>;
	/** How many messages nobody understood. */
	readonly messages: number;
	/** Run → the flood of alarms under way there. */
	readonly floods: Readonly<Record<string, Flood>>;
	/** Number of the newest silent test of the siren. */
	readonly siren: number;
	/** The use cases whose alarms are suppressed; null: nobody said. */
	readonly off: readonly string[] | null;
	/** What holds for every screen. */
	readonly wall: Wall;
	/** Another number: the notes have changed. */
	readonly notes: number;
	/** Another number: the floor plan has changed. */
	readonly plan: number;
	/** The tables that have a simulator of their own; a table's page knows itself alone. */
	readonly tables: Stands;
}

const LIVING: Wall = { frozen: null, muted: false, guide: null };
const NOBODY: Room = { session: null, shows: "story", people: [] };
const NO_TABLES: Stands = { may_act: false, all: [] };

/** A picture after a frame. A full frame replaces everything; a delta changes what it names. What did not change
 * is the same object as before, so that whoever shows it has nothing to do. */
export function apply(before: Picture | null, frame: Frame): Picture | null {
	if (frame.type === "full") {
		return {
			seq: frame.seq,
			now: frame.now,
			role: frame.role ?? "viewer",
			runs: frame.runs ?? {},
			devices: kept(before?.devices, frame.devices ?? []),
			alarms: kept(before?.alarms, frame.alarms ?? []),
			sentences: frame.sentences ?? {},
			computed: frame.computed ?? {},
			chosen: frame.chosen ?? {},
			scenario: frame.scenario ?? null,
			vote: frame.vote ?? null,
			room: frame.room ?? NOBODY,
			parts: frame.parts ?? {},
			messages: frame.messages ?? 0,
			floods: frame.floods ?? {},
			siren: frame.siren ?? 0,
			off: frame.off ?? null,
			wall: frame.wall ?? LIVING,
			notes: frame.notes ?? 0,
			plan: frame.plan ?? 0,
			tables: frame.tables ?? NO_TABLES,
		};
	}
	if (before === null) return null;
	return {
		seq: frame.seq,
		now: frame.now,
		role: before.role,
		runs: frame.runs ?? before.runs,
		devices: withValues(merged(before.devices, frame.devices, frame.forgotten), frame.values ?? []),
		alarms: merged(before.alarms, frame.alarms),
		sentences: frame.sentences ? { ...before.sentences, ...frame.sentences } : before.sentences,
		computed: frame.computed ? { ...before.computed, ...frame.computed } : before.computed,
		chosen: frame.chosen ? { ...before.chosen, ...frame.chosen } : before.chosen,
		scenario: frame.scenario === undefined ? before.scenario : frame.scenario,
		vote: frame.vote === undefined ? before.vote : frame.vote,
		room: frame.room ?? before.room,
		parts: frame.parts ? { ...before.parts, ...frame.parts } : before.parts,
		messages: frame.messages ?? before.messages,
		floods: frame.floods ?? before.floods,
		siren: frame.siren ?? before.siren,
		off: frame.off ?? before.off,
		wall: frame.wall ?? before.wall,
		notes: frame.notes ?? before.notes,
		plan: frame.plan ?? before.plan,
		tables: frame.tables ?? before.tables,
	};
}

/** What a screen that stands still shows: what it showed before, and what the facilitator puts there by hand. */
export function still(shown: Picture, { seq, role, vote, room, wall, siren }: Picture): Picture {
	return { ...shown, seq, role, vote, room, wall, siren };
}

/** A picture with an alarm as the hub has just answered it, before the frame that says the same. */
export function withAlarm(before: Picture | null, alarm: Alarm): Picture | null {
	return before && { ...before, alarms: merged(before.alarms, [alarm]) };
}

export interface Joined {
	id: string;
	name: string;
	into: string;
}

/** The devices of a picture that a delta says are another one from now on. */
export function joined(before: Picture | null, frame: Frame): Joined[] {
	if (before === null || frame.type === "full") return [];
	return (frame.devices ?? []).flatMap((into) =>
		(into.merged ?? []).flatMap((id) => {
			const other = before.devices.get(id);
			return other === undefined ? [] : [{ id, name: other.name, into: into.name }];
		}),
	);
}

/** Tells whether a delta follows what is known: a hole means asking for everything again. */
export function follows(before: Picture | null, frame: Frame): boolean {
	return frame.type === "full" || (before !== null && frame.seq === before.seq + 1);
}

interface Known {
	id: string;
}

/** The things by id, in their order; one that did not change stays the object it was. */
function kept<T extends Known>(before: ReadonlyMap<string, T> | undefined, things: T[]): ReadonlyMap<string, T> {
	const after = new Map<string, T>();
	for (const thing of things) {
		const old = before?.get(thing.id);
		after.set(thing.id, old !== undefined && JSON.stringify(old) === JSON.stringify(thing) ? old : thing);
	}
	return after;
}

function merged<T extends Known>(before: ReadonlyMap<string, T>, news: T[] = [], gone: string[] = []) {
	if (news.length === 0 && gone.length === 0) return before;
	const after = new Map(before);
	for (const thing of news) after.set(thing.id, thing);
	for (const id of gone) after.delete(id);
	return after;
}

function withValues(before: ReadonlyMap<string, Device>, values: Value[]): ReadonlyMap<string, Device> {
	if (values.length === 0) return before;
	const after = new Map(before);
	for (const news of values) {
		const device = after.get(news.device);
		if (device === undefined || news.run !== device.run) continue;
		const { name, value, time, quality } = { ...news, name: news.channel };
		const at = device.channels.findIndex((channel) => channel.name === name);
		const old: Channel = device.channels[at] ?? { name, unit: null, value: null, time: null, quality: null };
		if (old.time !== null && Date.parse(time) < Date.parse(old.time)) continue; // an older measure replaces nothing
		const channels = [...device.channels];
		channels[at < 0 ? channels.length : at] = { ...old, value, time, quality };
		after.set(device.id, { ...device, channels });
	}
	return after;
}
