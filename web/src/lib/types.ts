/** The hub's API as the page knows it (design.md §4). Times are RFC 3339 in UTC, numbers finite. */

export type Language = "fr" | "en";
export type Text = Record<Language, string>;
export type Quality = "good" | "uncertain" | "bad";
export type Role = "viewer" | "facilitator";

export interface Channel {
	name: string;
	unit: string | null;
	value: number | null;
	time: string | null;
	quality: Quality | null;
}

export interface Device {
	id: string;
	name: string;
	family: string;
	availability: "online" | "offline" | null;
	simulated: boolean;
	run: string;
	seen?: string | null;
	room?: string | null;
	firmware?: string | null;
	/** A person wants nothing of it. */
	ignored?: boolean;
	/** Heard on another broker: waits for a yes. */
	proposed?: boolean;
	/** The facilitator lets nobody command it. */
	locked?: boolean;
	/** On no screen of the room. */
	hidden?: boolean;
	/** Messages that by its own numbers were not heard. */
	missed?: number;
	/** Ids of the devices that are this one, too. */
	merged?: string[];
	/** Channels that commands may set. */
	settable?: string[];
	/** Channel → how long [s] its last value is believed: by the device's own word, or learned from its period. */
	silence?: Record<string, number>;
	/** What each of them takes. */
	ranges?: Record<string, { low: number; high: number }>;
	/** How it is made to report more often; null: it cannot be. */
	pace_by?: "set" | "poll" | null;
	/** That it was made to, and how far that is. */
	pace?: Pace | null;
	/** Channel → its newest command. */
	commands?: Record<string, Command>;
	channels: Channel[];
}

export interface Command {
	id: string;
	device: string;
	channel: string;
	/** Null: another program's, whose wish nobody can read. */
	value: number | null;
	state: "sent" | "confirmed" | "timed_out" | "refused" | "seen";
	/** How far the network between hub and device says it is; none of them is the device's own report. */
	stage?: "queued" | "transmitted" | "acknowledged" | "failed" | null;
	by: string;
	at: string;
	/** By when the device is to report. */
	until?: string | null;
	/** Why it was refused: a word the page may know, and a sentence. */
	code?: string | null;
	reason: string | null;
}

export interface Pace {
	state: "asking" | "setting" | "held" | "polled" | "restoring" | "failed";
	every: number;
	/** Its own period [s], once it said it; 0: it reports nothing by itself. */
	original: number | null;
	code?: string | null;
	reason: string | null;
}

export type AlarmState = "unacknowledged" | "acknowledged" | "returned" | "normal" | "shelved";

export interface Alarm {
	id: string;
	rule: string;
	measure: string;
	device: string;
	usecase: string;
	run?: string;
	simulated?: boolean;
	priority: "critical" | "high" | "medium" | "low";
	state: AlarmState;
	raised_at: string;
	returned_at: string | null;
	acknowledged_at: string | null;
	acknowledged_by: string | null;
	comment: string | null;
	/** The hub's own, where a button acknowledged. */
	comments?: Text | null;
	past: boolean;
	/** Its use case is off. */
	suppressed?: boolean;
	texts: Text;
	source: Text | null;
	indicative: boolean;
}

/** What the facilitator imposes on all screens. */
export interface Wall {
	/** Since when the room's screens show the same picture; null: they live. */
	frozen: string | null;
	/** No screen rings. */
	muted: boolean;
	/** What is on its way to every screen, while it takes its time. */
	coming?: (Text & { usecase?: string }) | null;
	/** Where the show is: the story, the step of its guide, since when; null: it has not begun. */
	guide: { usecase: string; step: number; since: string } | null;
}

/** Many alarms in a row, shown as one. */
export interface Flood {
	since: string;
	count: number;
	priority: Alarm["priority"];
	cause: string;
	of: string | null;
	alarms: string[];
	text: Text;
}

/** One step of an alarm's life. */
export interface Transition {
	step: "raised" | "acknowledged" | "returned" | "shelved" | "unshelved";
	at: string;
	by: string | null;
	comment: string | null;
	/** The hub's own, where a button acknowledged. */
	comments?: Text | null;
	until: string | null;
}

/** What the connected screens say of their sound. */
export interface Screens {
	test: number;
	screens: { page: string; sound: "on" | "muted" | "off"; tested: number }[];
	/** Screens that say nothing. */
	unknown: number;
}

export interface RunClock {
	now: string;
	speed: number;
	state?: string;
}

/** A run that the hub knows; `now`: how far it came, on its own clock. */
export interface RunTold {
	id: string;
	scenario: string;
	state: string;
	/** Devices are on it now. */
	current: boolean;
	now: string;
}

export interface Sentence {
	code: string;
	params: Record<string, unknown>;
	text: Text;
}

/** What a use case computes on its run: no channel gives it. */
export interface Computed {
	run: string;
	measures: Record<string, Newest>;
}

interface Newest {
	value: number | null;
	time: string | null;
	quality: Quality | null;
	/** Whether what it is made of is still believed. */
	believed?: boolean;
}

export interface Fault {
	name: string;
	title?: Text;
	active: boolean;
}

export interface Scenario {
	usecase: string;
	run: string;
	time: string;
	speed: number;
	seed: number;
	state?: string;
	faults: Fault[];
	notes?: { time: string; text: Text }[];
}

export interface Part {
	status: string;
	text?: string | Text | null;
	remedy?: string | Text | null;
	/** How far InfluxDB is behind and what it refused, where it is the store. */
	influx?: Influx;
	/** The serial ports, where this is their part. */
	ports?: SerialPort[];
	/** When something may have been lost, the newest first. */
	newest?: Gap[];
}

export interface Gap {
	/** RFC 3339. */
	since: string;
	until: string;
}

export interface Influx {
	behind_messages: number;
	behind_minutes: number;
	hours_left: number | null;
	/** Forgotten devices that it has not erased yet. */
	erasing: number;
	refused: number;
	refused_newest: { line: string; reason: string; time: string }[];
}

export interface Value {
	device: string;
	channel: string;
	value: number;
	time: string;
	quality: Quality;
	run: string;
}

interface Changes {
	runs?: Record<string, RunClock>;
	devices?: Device[];
	alarms?: Alarm[];
	sentences?: Record<string, Sentence>;
	computed?: Record<string, Computed>;
	chosen?: Record<string, Choices>;
	scenario?: Scenario | null;
	vote?: Vote | null;
	room?: Room;
	parts?: Record<string, Part>;
	messages?: number;
	floods?: Record<string, Flood>;
	/** Number of the newest silent test. */
	siren?: number;
	/** The use cases whose alarms are suppressed. */
	off?: string[];
	/** What holds for every screen. */
	wall?: Wall;
	/** Changes whenever the notes do. */
	notes?: number;
	/** Changes whenever the floor plan does. */
	plan?: number;
	tables?: Stands;
}

export interface Full extends Changes {
	seq: number;
	type: "full";
	now: string;
	role?: Role;
}

export interface Delta extends Changes {
	seq: number;
	type: "delta";
	now: string;
	values?: Value[];
	forgotten?: string[];
}

export type Frame = Full | Delta;

export interface UsecaseRole {
	name: string;
	title: Text;
	kind: Text;
	state: "simulated" | "real" | "missing";
	device: string | null;
	/** The presses of its button that acknowledge alarms. */
	acknowledges?: readonly string[];
	/** Measure → the channel of a real device that gives it. */
	channels?: Record<string, string>;
	/** When it spoke last. */
	time?: string | null;
	/** The worst of what it said last. */
	quality?: Quality | null;
	/** Its measures that are believed no more. */
	silent?: string[];
}

/** A real device that could play a role. */
export interface Candidate {
	usecase: string;
	usecase_title: Text;
	role: string;
	title: Text;
	device: string;
	name: string;
	/** Whether it plays that role now. */
	taken: boolean;
	/** Measure → the channel that gives it best; null: none does. */
	channels: Record<string, string | null>;
	/** Measure → the channels that could. */
	options: Record<string, string[]>;
	warnings: { code: string; measure: string; text: Text }[];
}

export interface Measure {
	name: string;
	title: Text;
	role: string;
	device: string | null;
	channel: string;
	unit: string | null;
	decimals: number;
	silence_s: number | null;
	primary: boolean;
	inverted?: boolean;
	/** Made of other measures: its value comes with the story, no channel gives it. */
	computed?: boolean;
	/** What is shown is the channel's value × factor + offset, in `unit`. */
	factor?: number;
	offset?: number;
	value: number | null;
	time: string | null;
	quality: Quality | null;
	believed?: boolean;
}

export interface Limit {
	rule: string;
	value: number;
	label: Text;
}

export interface Panel {
	kind: string;
	title: Text;
	series: string[];
	limits: Limit[];
}

export interface Rule {
	id: string;
	title: Text;
	kind: string;
	measure: string;
	limit: number | null;
	unit: string | null;
	deadband?: number;
	on_delay_s: number;
	off_delay_s: number;
	priority: string;
	source: Text | null;
	indicative: boolean;
}

export interface Hypothesis {
	id: string;
	title: Text;
	value: number;
	low: number;
	high: number;
	step: number;
	unit: string | Text | null;
	source?: Text | null;
	/** Of its source. */
	year?: number | null;
	/** Set: a session's readings tell it. */
	measured?: object | null;
}

/** What a use case may be worth by a session's readings, and what it costs. */
export interface Money {
	chosen: Record<string, number>;
	measured: Record<string, { value: number; since: string; until: string }>;
	materials: Bill;
}

export interface Bill {
	lines: BillLine[];
	/** [low, high] in euros. */
	demo: [number, number];
	robust: [number, number];
}

export interface BillLine {
	place: number;
	title: Text;
	note: Text | null;
	low: number;
	high: number;
	/** When it was looked up: a month, or the day somebody typed it. */
	date: string;
	typed: boolean;
	kit: "both" | "demo" | "robust";
	optional: boolean;
}

/** What people chose for a use case, on all screens. */
export interface Choices {
	hypotheses?: Record<string, number>;
	prices?: Record<string, unknown>;
}

export interface Card {
	id: string;
	title: Text;
	formula: string;
	unit: Text;
	note: Text | null;
	hypotheses: Hypothesis[];
}

/** A moment of the guide; `initial` and `clock`: the story begins anew there. */
export interface Step {
	minute: number;
	speed: number;
	does: Text;
	sees: Text;
	asks: Text;
	faults: string[];
	/** Faults that end first; `*`: all that are on. */
	ends: string[];
	initial: string | null;
	clock: string | null;
}

/** A use case as the list has it. */
export interface StoryCard {
	name: string;
	title: Text;
	who: Text;
	run: string | null;
	state: string | null;
	/** Its alarms are suppressed. */
	off?: boolean;
}

export interface Usecase {
	name: string;
	title: Text;
	story: Text;
	place: Text;
	/** Null: it is not played. */
	run: string | null;
	now: string;
	speed: number;
	simulated: boolean;
	/** The run whose simulated devices keep a real one company. */
	twin?: string | null;
	/** Why it lives at ×1. */
	fixed?: Text | null;
	/** Its alarms are suppressed. */
	off?: boolean;
	tz?: string;
	roles: UsecaseRole[];
	measures: Measure[];
	panels: Panel[];
	rules: Rule[];
	sentence: Sentence | null;
	faults: Fault[];
	money: Card[];
	limits_to_say: Record<Language, string[]>;
	guide: Step[];
}

export interface Series {
	device: string;
	channel: string;
	unit: string | null;
	run: string;
	t: number[] | string[];
	v: (number | null)[];
	min?: (number | null)[];
	max?: (number | null)[];
}

/** What somebody wrote about a moment of a run. */
export interface Note {
	id: string;
	run: string;
	/** RFC 3339. */
	time: string;
	text: string;
	author: string | null;
	usecase: string | null;
	device: string | null;
	channel: string | null;
}

/** Why an alarm was raised: the rule, what made it true, where it is written, what to do. */
export interface Why {
	alarm: string;
	title: Text;
	/** The rule in words. */
	words: Text;
	usecase: string;
	rule: string;
	/** When its condition began to hold. */
	since: string | null;
	raised_at: string;
	returned_at: string | null;
	/** The measures that the rule looked at: as its condition began, and as the alarm was raised. */
	values: {
		measure: string;
		title: Text;
		unit: string | null;
		decimals: number;
		began: { value: number; time: string } | null;
		raised: { value: number; time: string } | null;
	}[];
	source: Text | null;
	indicative: boolean;
	/** Where the source is read. */
	address: string | null;
	todo: Text;
	chart: {
		run: string;
		start: string;
		stop: string;
		/** The rule's own measure first. */
		series: {
			measure: string;
			title: Text;
			unit: string | null;
			decimals: number;
			device: string | null;
			channel: string;
		}[];
		limits: { measure: string; value: number; low: boolean; label: Text }[];
	};
}

/** Alike messages that nobody understood. */
export interface Refusal {
	/** Pattern of their topics, `+` where they differ. */
	topic: string;
	topics: number;
	count: number;
	received: string;
	driver: string | null;
	/** The family it belongs to or looks like. */
	family: { model: string; title: Text } | null;
	reasons: Text;
	expected: Text | null;
	/** The payload around the place where it fails, marked ▸. */
	where: string | null;
	remedy: Text | null;
	newest: { position: number; topic: string; payload: string };
}

export interface Refusals {
	groups: Refusal[];
	count: number;
	found: number;
}

/** A serial port as the hub's part `serial` lists it. */
export interface SerialPort {
	name: string;
	path: string;
	state: "open" | "lost" | "busy" | "denied" | "absent" | "failed" | "unread";
	reason: string | null;
	lines: number;
	lost: number;
}

/** What a CSV file looks like. */
export interface Shape {
	encoding: string;
	separator: string;
	decimal: string;
	columns: string[];
	headed: boolean;
	sample: string[][];
}

/** How a CSV file is to be read: the options of `matinales import`. */
export interface ImportWish {
	device: string;
	map: Record<string, string>;
	time: string[];
	separator?: string;
	decimal?: string;
	tz?: string;
	dry_run?: boolean;
}

interface Reason {
	reason: string;
	reasons: Text;
}

export interface Mistake extends Reason {
	line: number;
	column: string;
}

export interface ImportPreview {
	problem: Reason | null;
	plan: { time: string[]; columns: Record<string, string>; tz: string } | null;
	shape: Shape | null;
	rows: {
		line: number;
		time: string;
		readings: { channel: string; value: number; unit: string | null; quality: Quality }[];
		rejected: Reason[];
	}[];
	mistakes: Mistake[];
}

export interface ImportState {
	id: string;
	name: string;
	state: "waiting" | "reading" | "importing" | "checked" | "done" | "refused" | "cancelled" | "failed";
	done: number;
	size: number;
	rows: number;
	imported: number;
	count: number;
	mistakes: Mistake[];
	reason: string | null;
}

/** What to type on devices so that they speak to the hub. */
export interface Setup {
	broker: {
		host: string;
		port: number;
		user: string | null;
		password: string | null;
		is_open: boolean;
		tls_port: number | null;
	};
	families: { model: string; family: string; title: Text; steps: { say: Text; type: string | null }[] }[];
}

/** A device's MQTT account; `session`: it ends when that is archived. */
export interface Account {
	name: string;
	role: "device" | "integrator" | "session";
	created: string;
	session: string | null;
}

/** All of them, and what the broker can hold devices to. */
export interface Accounts {
	accounts: Account[];
	broker: { kind: "embedded" | "mosquitto" | "foreign"; rights: Text };
}

/** One thing that the doctor looked at; `ok`: null is good to know; `remedy`: what to do, where there is something. */
export interface Finding {
	id: string;
	ok: boolean | null;
	text: string;
	remedy: string | null;
}

/** One that was just given: the only time that its password is seen. */
export interface AccountGiven {
	name: string;
	password: string;
	role: Account["role"];
	session: string | null;
	urls: string[];
	rights: Text;
	code: Code;
	enforced: boolean;
	warning: Text | null;
}

/** One that is no more; `warning`: the broker does not hold to it yet. */
export interface AccountRevoked {
	name: string;
	revoked: boolean;
	enforced: boolean;
	warning: Text | null;
}

/** A workshop session; times RFC 3339, `purge` the day on which it is erased. */
export interface Session {
	id: string;
	title: string;
	place: string;
	purge: string;
	state: "open" | "paused" | "archived";
	started_at: string;
	ended_at: string | null;
	archive: "none" | "being_written" | "complete";
}

/** All sessions, the newest first; what is kept of them; the session whose recording is being played. */
export interface Sessions {
	current: Session | null;
	sessions: Session[];
	keeps: { code: string; text: Text; until: Text }[];
	today: string;
	playing: string | null;
}

/** A question to the room, and how many chose what. */
export interface Vote {
	id: string;
	question: string;
	options: string[];
	state: "open" | "closed" | "away";
	counts: number[];
	/** The same of those who said where they sit. */
	tables?: { table: number; counts: number[] }[];
}

/** Somebody who takes part with a phone. */
export interface Participant {
	id: string;
	/** The uid of their phone. */
	device: string;
	table: number | null;
	name: string;
}

export type Shows = "story" | "join" | "phones" | "tables" | "report";

/** How a table that plays by itself stands. */
export interface TableStand {
	table: number;
	state: "preparing" | "running" | "paused" | "away";
	usecase: string | null;
	title: Text | null;
	run: string | null;
	/** The story's first large value; its number null: nothing was heard yet. */
	value: {
		measure: string;
		title: Text;
		unit: string | null;
		decimals: number;
		value: number | null;
		believed: boolean;
	} | null;
	/** The worst alarm that is not over, of `count`. */
	alarm: { id: string; state: AlarmState; priority: string; texts: Text; count: number } | null;
	worth: { value: number; unit: Text; title: Text } | null;
}

/** The tables that have a simulator of their own; `may_act`: who sits at one may press its buttons. */
export interface Stands {
	may_act: boolean;
	all: TableStand[];
}

/** Who takes part in the session that goes on, and what the projector shows. */
export interface Room {
	session: { id: string; title: string; state: "open" | "paused"; purge: string } | null;
	shows: Shows;
	people: Participant[];
}

/** A QR code: a path of squares in a box of `size` × `size`. */
export interface Code {
	size: number;
	path: string;
}

/** How people reach the page; without `url` it is open to the hub's own machine only. */
export interface JoiningWays {
	url: string | null;
	urls: string[];
	code: Code | null;
	/** Leads a phone to its own report. */
	report: Code | null;
	wifi: { ssid: string; code: Code } | null;
	/** The page by HTTPS, and the authority to trust for it; null: it is served by HTTP only. */
	secure: { urls: string[]; fingerprint: string; until: string } | null;
	/** Whether `matinales.local` leads here; null: the page is not open to the room. */
	name: "waiting" | "announced" | "taken" | "blocked" | null;
	/** The room has seen the code for long, and nobody came. */
	is_vain: boolean;
}

/** Who a phone is; `is_on`: what it measures is taken. */
export interface Me {
	me: Participant | null;
	is_on: boolean;
	session: { title: string; purge: string } | null;
}
