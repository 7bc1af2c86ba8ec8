/** The hub's HTTP API. Every failure comes back as a sentence people can read. */

import type {
	Text,
	AccountGiven,
	AccountRevoked,
	Accounts,
	Alarm,
	Candidate,
	Finding,
	ImportPreview,
	ImportState,
	ImportWish,
	JoiningWays,
	Language,
	Me,
	Money,
	Note,
	Refusals,
	RunTold,
	Screens,
	Series,
	Sessions,
	Setup,
	Shape,
	Shows,
	StoryCard,
	Transition,
	Usecase,
	Vote,
	Why,
} from "./lib/types.ts";

import type { FloorPlan, Place } from "./lib/plan.ts";
import type { Row } from "./lib/table.ts";

const BASE = "/api/v1";

/** What the hub answered when it refused, in its own words (RFC 9457); `status` 0: it did not answer. */
export class Refused extends Error {
	readonly status: number;
	/** A word by which the page may know the reason. */
	readonly code: string | null;
	/** The reason in both languages, where the hub gave it so. */
	readonly text: Text | null;

	constructor(status: number, detail: string, code: string | null = null, text: Text | null = null) {
		super(detail);
		this.status = status;
		this.code = code;
		this.text = text;
	}
}

async function ask(method: string, path: string, body?: unknown, keepalive = false): Promise<Response> {
	let answer: Response;
	const init: RequestInit = { method, credentials: "same-origin", keepalive };
	if (body instanceof Blob) {
		init.body = body;
		init.headers = { "Content-Type": body.type || "text/csv" };
	} else if (body !== undefined) {
		init.body = JSON.stringify(body);
		init.headers = { "Content-Type": "application/json" };
	}
	try {
		answer = await fetch(BASE + path, init);
	} catch {
		throw new Refused(0, "");
	}
	if (answer.ok) return answer;
	const problem: { detail?: unknown; title?: unknown; reason?: unknown; code?: unknown; text?: Text } = await answer
		.json()
		.catch(() => ({}));
	const words = [problem.detail, problem.title, problem.reason].find((each) => typeof each === "string" && each !== "");
	const code = typeof problem.code === "string" ? problem.code : null;
	throw new Refused(
		answer.status,
		typeof words === "string" ? words : `HTTP ${answer.status}`,
		code,
		problem.text ?? null,
	);
}

const part = encodeURIComponent;

/** What to change of a device; what is not named stays. */
export interface DeviceWish {
	name?: string | null;
	room?: string | null;
	ignored?: boolean;
	locked?: boolean;
	hidden?: boolean;
	proposed?: false;
}

/** The number by which a deed is undone; null: nothing was changed. */
interface Done {
	action: number | null;
}

export const api = {
	async usecases(): Promise<StoryCard[]> {
		return (await (await ask("GET", "/usecases")).json()).usecases;
	},
	/** A story as the room plays it, or a table of its own. */
	async usecase(name: string, table = 0): Promise<Usecase> {
		return (await ask("GET", `/usecases/${part(name)}${table > 0 ? `?table=${table}` : ""}`)).json();
	},
	/** Give these tables a simulator of their own and nobody else; say whether who sits at one may press its buttons. */
	async tables(wish: { count?: number; may_act?: boolean }): Promise<void> {
		await ask("PUT", "/tables", wish);
	},
	/** Switch a fault of a table's own simulator. */
	async faultAt(table: number, name: string, active: boolean): Promise<void> {
		await ask("PUT", `/tables/${table}/faults/${part(name)}`, { active });
	},
	/** A hypothesis of a table alone. */
	async chooseAt(table: number, usecase: string, id: string, value: number | null): Promise<void> {
		await ask("PUT", `/tables/${table}/usecases/${part(usecase)}/hypotheses/${part(id)}`, { value });
	},
	/** Why an alarm was raised. */
	async why(alarm: string): Promise<Why> {
		return (await ask("GET", `/alarms/${part(alarm)}/why`)).json();
	},
	/** Role → the devices that could play it, the best first. */
	async candidates(usecase: string): Promise<Record<string, Candidate[]>> {
		return (await (await ask("GET", `/usecases/${part(usecase)}/candidates`)).json()).roles;
	},
	/** The roles that a device could play, the best first. */
	async rolesFor(device: string): Promise<Candidate[]> {
		return (await (await ask("GET", `/devices/${part(device)}/roles`)).json()).roles;
	},
	/** Give a role to a device; without channels, those that fit best. */
	async takeRole(
		usecase: string,
		role: string,
		device: string,
		channels?: Record<string, string | null>,
	): Promise<Done & Pick<Candidate, "warnings">> {
		const wish = channels === undefined ? { device } : { device, channels };
		return (await ask("PUT", `/usecases/${part(usecase)}/roles/${part(role)}`, wish)).json();
	},
	async giveBack(usecase: string, role: string): Promise<Done> {
		return (await ask("DELETE", `/usecases/${part(usecase)}/roles/${part(role)}`)).json();
	},
	/** Suppress a use case's alarms, or let them ring again. */
	async turn(usecase: string, off: boolean): Promise<Done> {
		return (await ask("PATCH", `/usecases/${part(usecase)}`, { off })).json();
	},
	async series(device: string, channel: string, run: string, start: string, width: number): Promise<Series[]> {
		const query = new URLSearchParams({ device, channel, run, start, width: String(width) });
		return (await (await ask("GET", `/series?${query}`)).json()).series;
	},
	/** Curves of the past as `query` asks, at most 2 × `width` points each. */
	async past(query: URLSearchParams): Promise<Series[]> {
		return (await (await ask("GET", `/series?${query}`)).json()).series;
	},
	/** A page of stored readings; `next` goes on. */
	async readings(query: URLSearchParams): Promise<{ readings: Row[]; next: string | null }> {
		return (await ask("GET", `/readings?${query}`)).json();
	},
	/** What was noted, the earliest moment first. */
	async notes(query: URLSearchParams): Promise<Note[]> {
		return (await (await ask("GET", `/notes?${query}`)).json()).notes;
	},
	async note(wish: Omit<Partial<Note>, "id">): Promise<Note> {
		return (await ask("POST", "/notes", wish)).json();
	},
	async unnote(id: string): Promise<void> {
		await ask("DELETE", `/notes/${part(id)}`);
	},
	async plan(): Promise<FloorPlan> {
		return (await ask("GET", "/plan")).json();
	},
	async hang(device: string, { x, y }: Place): Promise<void> {
		await ask("PUT", `/plan/places/${part(device)}`, { x, y });
	},
	async takeOff(device: string): Promise<void> {
		await ask("DELETE", `/plan/places/${part(device)}`);
	},
	/** Give the plan a picture; it is called as its file is. */
	async showPicture(file: File): Promise<FloorPlan> {
		const title = file.name.replace(/\.\w{1,5}$/, "").replaceAll(/[_-]+/g, " ");
		return (await ask("PUT", `/plan/picture?${new URLSearchParams({ title })}`, file)).json();
	},
	/** Take the picture away for ever. */
	async drawPlan(): Promise<FloorPlan> {
		return (await ask("DELETE", "/plan/picture")).json();
	},
	/** The curve of a measure that no channel gives: the hub computes it anew. */
	async measured(usecase: string, measure: string, run: string, start: string, width: number): Promise<Series[]> {
		const query = new URLSearchParams({ usecase, measure, run, start, width: String(width) });
		return (await (await ask("GET", `/series?${query}`)).json()).series;
	},
	/** The curve of any measure of a story between two times. */
	async measuredBetween(
		usecase: string,
		measure: string,
		{ run, start, stop }: { run: string; start: string; stop: string },
		width: number,
	): Promise<Series[]> {
		const query = new URLSearchParams({ usecase, measure, run, start, stop, width: String(width) });
		return (await (await ask("GET", `/series?${query}`)).json()).series;
	},
	/** What a story may be worth by the readings since `start`, and what it costs. */
	async money(usecase: string, run: string, start: string): Promise<Money> {
		return (await ask("GET", `/usecases/${part(usecase)}/money?${new URLSearchParams({ run, start })}`)).json();
	},
	/** A hypothesis on all screens; null: what is measured, else its default. */
	async choose(usecase: string, id: string, value: number | null): Promise<void> {
		await ask("PUT", `/usecases/${part(usecase)}/hypotheses/${part(id)}`, { value });
	},
	/** A price on all screens; null: the use case's own. */
	async price(usecase: string, place: number, price: { low: number; high: number } | null): Promise<void> {
		await ask("PUT", `/usecases/${part(usecase)}/materials/${place}`, price ?? {});
	},
	/** What nobody understood, alike messages together; `search`: words that must all stand in it. */
	async refusals(search: string): Promise<Refusals> {
		return (await ask("GET", `/messages/groups?${new URLSearchParams({ limit: "50", search })}`)).json();
	},
	async handOver(file: File): Promise<{ id: string; name: string; shape: Shape }> {
		return (await ask("POST", `/imports?${new URLSearchParams({ name: file.name })}`, file)).json();
	},
	async previewImport(id: string, wish: ImportWish): Promise<ImportPreview> {
		return (await ask("POST", `/imports/${part(id)}/preview`, wish)).json();
	},
	async startImport(id: string, wish: ImportWish): Promise<ImportState> {
		return (await ask("POST", `/imports/${part(id)}/start`, wish)).json();
	},
	async importState(id: string): Promise<ImportState> {
		return (await ask("GET", `/imports/${part(id)}`)).json();
	},
	async stopImport(id: string): Promise<ImportState> {
		return (await ask("POST", `/imports/${part(id)}/cancel`)).json();
	},
	/** Forget the file; goes on when the page is left. */
	async dropImport(id: string): Promise<void> {
		await ask("DELETE", `/imports/${part(id)}`, undefined, true);
	},
	async setup(): Promise<Setup> {
		return (await ask("GET", "/setup")).json();
	},
	/** What `matinales doctor` finds on the hub's machine; takes some seconds. */
	async doctor(language: Language): Promise<Finding[]> {
		return (await (await ask("GET", `/doctor?lang=${language}`)).json()).findings;
	},
	async accounts(): Promise<Accounts> {
		return (await ask("GET", "/accounts")).json();
	},
	async giveAccount(wish: { name?: string; role?: string; until_archive?: boolean }): Promise<AccountGiven> {
		return (await ask("POST", "/accounts", wish)).json();
	},
	async revokeAccount(name: string): Promise<AccountRevoked> {
		return (await ask("DELETE", `/accounts/${part(name)}`)).json();
	},
	async acknowledge(id: string, comment: string | null, table = 0): Promise<Alarm | null> {
		const path = `${table > 0 ? `/tables/${table}` : ""}/alarms/${part(id)}/acknowledge`;
		const answer = await ask("POST", path, comment === null ? {} : { comment });
		return answer.json().catch(() => null);
	},
	/** Alarms as the filters choose them, newest first. */
	async alarms(query: URLSearchParams): Promise<{ alarms: Alarm[]; next: string | null }> {
		return (await ask("GET", `/alarms?${query}`)).json();
	},
	/** One alarm with every step of its life. */
	async alarm(id: string): Promise<Alarm & { transitions: Transition[] }> {
		return (await ask("GET", `/alarms/${part(id)}`)).json();
	},
	async testSiren(): Promise<void> {
		await ask("POST", "/siren/test");
	},
	async screens(): Promise<Screens> {
		return (await ask("GET", "/screens")).json();
	},
	/** Freeze, silence, or lead all screens; what is not named stays. */
	async wall(wish: {
		frozen?: boolean;
		muted?: boolean;
		guide?: { usecase: string; step: number } | null;
	}): Promise<void> {
		await ask("PATCH", "/screens", wish);
	},
	async change(id: string, wish: DeviceWish): Promise<Done> {
		return (await ask("PATCH", `/devices/${part(id)}`, wish)).json();
	},
	async merge(id: string, into: string): Promise<Done> {
		return (await ask("POST", `/devices/${part(id)}/merge`, { into })).json();
	},
	async unmerge(id: string): Promise<Done> {
		return (await ask("POST", `/devices/${part(id)}/unmerge`)).json();
	},
	async undo(action: number): Promise<void> {
		await ask("POST", `/actions/${action}/undo`);
	},
	/** Erase a device for ever; goes on when the page is left. */
	async forget(id: string): Promise<void> {
		await ask("DELETE", `/devices/${part(id)}`, undefined, true);
	},
	/** Let a device report every so many seconds; null: by its own period again. */
	async pace(id: string, every: number | null): Promise<void> {
		const path = `/devices/${part(id)}/period`;
		await (every === null ? ask("DELETE", path) : ask("PUT", path, { every }));
	},
	/** Sent is all that this says: what became of it comes with the device. */
	async command(id: string, channel: string, value: number): Promise<void> {
		await ask("POST", `/devices/${part(id)}/commands`, { channel, value });
	},
	async fault(name: string, active: boolean): Promise<void> {
		await ask("PUT", `/scenario/faults/${part(name)}`, { active });
	},
	/** Another story, or the same one anew: a new run. */
	async story(wish: { usecase: string; seed?: number; initial?: string; clock?: string }): Promise<void> {
		await ask("PUT", "/scenario", wish);
	},
	/** The runs of stories that the hub knows, those that are on first. */
	async runs(): Promise<RunTold[]> {
		return (await (await ask("GET", "/runs")).json()).runs;
	},
	async speed(speed: number): Promise<void> {
		await ask("PUT", "/scenario/speed", { speed });
	},
	async sessions(): Promise<Sessions> {
		return (await ask("GET", "/sessions")).json();
	},
	async startSession(wish: { title: string; place: string; purge: string }): Promise<void> {
		await ask("POST", "/sessions", wish);
	},
	async session(id: string, deed: "pause" | "resume" | "archive" | "reset"): Promise<void> {
		await ask("POST", `/sessions/${part(id)}/${deed}`);
	},
	/** Erase a session for ever; a large one takes a while. */
	async purge(id: string): Promise<void> {
		await ask("DELETE", `/sessions/${part(id)}`);
	},
	/** Where the report of a session is made, for a link that downloads it. */
	report: (id: string, format: "pdf" | "html", language: string): string =>
		`/api/v1/sessions/${part(id)}/report?format=${format}&lang=${language}`,
	/** Where a phone gets the report of the session that it takes part in, its own curves first. */
	ownReport: (language: string): string => `/api/v1/me/report?format=pdf&lang=${language}`,
	/** The same as a page, read in the browser. */
	ownPage: (language: string): string => `/api/v1/me/report?format=html&show=inline&lang=${language}`,
	/** What an archive holds, in short. */
	async digest(id: string): Promise<{ alarms: Alarm[]; readings: number; votes: Vote[] }> {
		const asked = `session=${part(id)}`;
		const counted = await (await ask("GET", `/readings?${asked}&aggregate=count&limit=10000`)).json();
		const { alarms } = await (await ask("GET", `/alarms?${asked}`)).json();
		const { votes } = await (await ask("GET", `/sessions/${part(id)}`)).json();
		return {
			alarms,
			votes,
			readings: counted.readings.reduce((sum: number, each: { value: number }) => sum + each.value, 0),
		};
	},
	/** Whether the hub answers: the smallest question there is. */
	async who(): Promise<void> {
		await ask("GET", "/login");
	},
	/** How people reach the page. */
	async joining(): Promise<JoiningWays> {
		return (await ask("GET", "/joining")).json();
	},
	/** Who this phone is. */
	async me(): Promise<Me> {
		return (await ask("GET", "/me")).json();
	},
	async join(wish: { table: number | null; name: string }): Promise<Me> {
		return (await ask("POST", "/me", { ...wish, agreed: true })).json();
	},
	/** Leave, and let everything be erased; `kept_until`: an archive holds measures without a name until that day. */
	async leave(): Promise<{ kept_until: string | null }> {
		return (await ask("DELETE", "/me", undefined, true)).json();
	},
	async removeParticipant(id: string): Promise<void> {
		await ask("DELETE", `/participants/${part(id)}`);
	},
	/** What the projector shows, the address people are told, the room's network (null: none). */
	async furnish(
		session: string,
		room: { shows?: Shows; address?: string; wifi?: { ssid: string; password: string } | null },
	): Promise<void> {
		await ask("PATCH", `/sessions/${part(session)}`, room);
	},
	/** What this phone answered; null: nothing yet. */
	async myAnswer(): Promise<number | null> {
		return (await (await ask("GET", "/votes")).json()).mine;
	},
	async answer(vote: string, choice: number): Promise<void> {
		await ask("POST", `/votes/${part(vote)}/answer`, { choice });
	},
	async askRoom(question: string, options: string[]): Promise<void> {
		await ask("POST", "/votes", { question, options });
	},
	async endVote(vote: string, how: "close" | "put-away"): Promise<void> {
		await ask("POST", `/votes/${part(vote)}/${how}`);
	},
	/** Play a session's recording again, marked as such; null: the newest. */
	async replay(session: string | null): Promise<void> {
		await ask("POST", "/replay", session === null ? {} : { session });
	},
	async stopReplay(): Promise<void> {
		await ask("DELETE", "/replay");
	},
	async login(secret: { pin: string } | { code: string }): Promise<void> {
		await ask("POST", "/login", secret);
	},
};
