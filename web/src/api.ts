/** The hub's HTTP API. Every failure comes back as a sentence people can read. */

import type { Alarm, Message, Series, Setup, Usecase } from "./lib/types.ts";

const BASE = "/api/v1";

/** What the hub answered when it refused, in its own words (RFC 9457); `status` 0: it did not answer. */
export class Refused extends Error {
	readonly status: number;

	constructor(status: number, detail: string) {
		super(detail);
		this.status = status;
	}
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
	let answer: Response;
	const init: RequestInit = { method, credentials: "same-origin" };
	if (body !== undefined) {
		init.body = JSON.stringify(body);
		init.headers = { "Content-Type": "application/json" };
	}
	try {
		answer = await fetch(BASE + path, init);
	} catch {
		throw new Refused(0, "");
	}
	if (answer.ok) return answer;
	const problem: { detail?: unknown; title?: unknown } = await answer.json().catch(() => ({}));
	const words = [problem.detail, problem.title].find((each) => typeof each === "string" && each !== "");
	throw new Refused(answer.status, typeof words === "string" ? words : `HTTP ${answer.status}`);
}

const part = encodeURIComponent;

export const api = {
	async usecases(): Promise<{ name: string; run: string | null; state: string }[]> {
		return (await (await ask("GET", "/usecases")).json()).usecases;
	},
	async usecase(name: string): Promise<Usecase> {
		return (await ask("GET", `/usecases/${part(name)}`)).json();
	},
	async series(device: string, channel: string, run: string, start: string, width: number): Promise<Series[]> {
		const query = new URLSearchParams({ device, channel, run, start, width: String(width) });
		return (await (await ask("GET", `/series?${query}`)).json()).series;
	},
	async messages(): Promise<Message[]> {
		return (await (await ask("GET", "/messages?understood=false&limit=100")).json()).messages;
	},
	async setup(): Promise<Setup> {
		return (await ask("GET", "/setup")).json();
	},
	async acknowledge(id: string, comment: string | null): Promise<Alarm | null> {
		const answer = await ask("POST", `/alarms/${part(id)}/acknowledge`, comment === null ? {} : { comment });
		return answer.json().catch(() => null);
	},
	async fault(name: string, active: boolean): Promise<void> {
		await ask("PUT", `/scenario/faults/${part(name)}`, { active });
	},
	async speed(speed: number): Promise<void> {
		await ask("PUT", "/scenario/speed", { speed });
	},
	async login(secret: { pin: string } | { code: string }): Promise<void> {
		await ask("POST", "/login", secret);
	},
};
