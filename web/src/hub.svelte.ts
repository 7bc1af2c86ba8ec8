/** The hub as the page sees it: the newest picture, the link, the clocks, the story told. */

import { acts } from "./acts.svelte.ts";
import { api, Refused } from "./api.ts";
import { type Awaited, awaited } from "./lib/awaited.ts";
import { lost, nowOf } from "./lib/clock.ts";
import { apply, follows, joined, type Picture, still, withAlarm } from "./lib/frames.ts";
import { type Link, Live, type Socket } from "./lib/live.ts";
import { type Page, tableAt } from "./lib/route.ts";
import { untold } from "./lib/sight.ts";
import type { Opening } from "./lib/opening.ts";
import { painted } from "./lib/painted.ts";
import { told } from "./lib/told.ts";
import type { Delta, Device, Frame, Usecase, Value } from "./lib/types.ts";

const MOST_HZ = 10;
const TICK_MS = 500;
/** A page that is looked at beats twice a second: after such a hole the machine has slept, or was set to another time. */
const SLEPT_MS = 10_000;
const ASK_AGAIN_MS = 15_000;
const ASK_SOON_MS = 1000;
/** The scenario that plays belongs to no use case: there are its devices, and nothing to tell. */
const NOT_FOUND = 404;
/** A simulation that is being started announces itself by then; until then nobody is shown the story of another day. */
const BEGINS_MS = 3000;
/** Devices of a story that has just begun, or is played again, speak one after the other. */
const GATHERS_MS = 20_000;

class Hub {
	/** Everything /live said, newest. */
	picture = $state.raw<Picture | null>(null);
	link = $state<Link>("connecting");
	/** The page's monotonic clock [ms], beating twice a second while somebody looks. */
	beat = $state(performance.now());
	/** When the link was last known to live [ms, monotonic]. */
	heard = $state(performance.now());
	/** When the page began [ms, monotonic]. */
	readonly started = performance.now();
	#awaited = $state.raw<Awaited>({ since: this.started, coming: null, run: null });
	/** How long the first values of the story told are waited for [s]. */
	readonly waited = $derived(Math.max(0, this.beat - this.#awaited.since) / 1000);
	/** When it first called the hub [ms, monotonic]: its words may have been long in coming. */
	called = $state(performance.now());
	/** The story on the projector; null: none known yet. */
	usecase = $state.raw<Usecase | null>(null);
	/** The hub has been asked, and tells no story: until then nobody may say that there is none. */
	untold = $state(false);
	/** The venue's time zone, since a story said it; until then times are the reader's. */
	zone = $state<string | undefined>();
	/** Why there is no story, in the hub's words. */
	trouble = $state<string | null>(null);
	/** The table whose own simulator this page shows; 0: the room's story. */
	table = $state(tableAt(location.pathname));
	/** What is known came with the page itself, of the story's own devices; the link has not said the rest yet. */
	early = $state(false);
	/** The story as it came with the page; it is described anew as soon as the link lives. */
	opened: Usecase | null = null;
	/** Counts the connections: whoever keeps a history asks for it again when this changes. */
	connections = $state(0);

	/** The stories as they were last described, by name. */
	readonly #described = new Map<string, Usecase>();
	readonly #listeners = new Set<(values: readonly Value[]) => void>();
	#live: Live | null = null;
	#hz = MOST_HZ;
	#asked = "";
	#askedAt = 0;
	#beganAt = 0;
	#asking = false;
	#again = false;
	/** The reader's clock at the last beat [ms]: it goes on while a machine sleeps, the monotonic one may not. */
	#wall = Date.now();

	/** The story that this screen has gone on to by itself; null: it shows the one that plays. */
	#turned: string | null = null;

	/** The page shown: the room's screens stand still, and hide, when they are told to. */
	page = $state<Page>("/");
	#newest: Picture | null = null;

	/** The hub is not heard: what is known grows old. */
	readonly lost = $derived(lost(this.link, this.beat, this.heard, this.called));
	readonly role = $derived(this.picture?.role ?? "viewer");
	/** The page is so young that a simulation may be on its way. */
	readonly begins = $derived(this.beat - this.started < BEGINS_MS);

	/** The room sees this screen; the one on which the story is led lives on. */
	readonly ofRoom = $derived(this.page === "/projector" || (this.page === "/" && this.role !== "facilitator"));
	/** This screen shows the same picture until the facilitator lets it live. */
	readonly frozen = $derived(this.ofRoom && this.picture !== null && this.picture.wall.frozen !== null);

	/** The title of the use case that is on its way, in both languages; null: none is, or it is no use case. */
	readonly announced = $derived.by(() => {
		const coming = this.table > 0 ? null : (this.picture?.wall.coming ?? null);
		return coming?.usecase === undefined ? null : coming;
	});

	/** The story that is on its way to every screen: what is seen meanwhile is its own title, nothing of the one before. */
	readonly coming = $derived.by(() => {
		const announced = this.announced?.usecase ?? null;
		const played = this.picture?.scenario?.usecase;
		const own = this.usecase !== null && this.usecase.name === this.#turned;
		const follows = !own && this.usecase !== null && played !== undefined && played !== this.usecase.name;
		return announced ?? (follows ? played : null);
	});

	/** It is so new that nothing but its title stands there. */
	readonly turning = $derived(this.coming !== null && this.coming !== this.usecase?.name);

	/** Tell whether a device is not to be seen here. */
	hides(device: Device | undefined): boolean {
		return this.ofRoom && device?.hidden === true;
	}

	/** Go to another page, which shows what is true now. */
	turn(page: Page) {
		this.page = page;
		this.picture = this.#newest;
	}

	/** Begin with what came with the page, which the hub made at `at` [ms, monotonic]. */
	open({ frame, usecase }: Opening, at: number) {
		this.#newest = this.picture = apply(null, frame);
		this.usecase = this.opened = usecase;
		this.zone = usecase.tz ?? this.zone;
		this.heard = at;
		this.early = true;
	}

	start() {
		acts.changed = () => void this.#tell();
		const scheme = location.protocol === "https:" ? "wss:" : "ws:";
		this.#live = new Live(
			{
				connect: () => open(`${scheme}//${location.host}/live${this.table > 0 ? `?table=${this.table}` : ""}`),
				later: (run, ms) => setTimeout(run, ms),
				cancel: (timer) => clearTimeout(timer as number),
				chance: Math.random,
			},
			(frame) => this.#take(frame),
			(link) => {
				this.link = link;
				if (link === "open") this.connections += 1;
			},
		);
		this.#live.start();
		this.called = performance.now();
		setInterval(() => {
			if (!document.hidden) this.#tick();
		}, TICK_MS);
		document.addEventListener("visibilitychange", () => {
			this.#live?.setRate(document.hidden ? 0 : this.#hz);
			if (!document.hidden) {
				this.connections += 1;
				this.#live?.hurry();
				this.#wall = Date.now(); // a hidden page beats seldom, and its link is looked after
				this.#tick();
			}
		});
		window.addEventListener("online", () => this.#live?.hurry());
	}

	/** Connect again, so that the hub sees the new cookie and gives the new role. */
	again() {
		this.#live?.stop();
		this.#live?.start();
	}

	/** Show a table's own simulator, or (0) the room's story, and nothing of what was shown before. */
	sit(table: number) {
		if (table === this.table) return;
		this.table = table;
		this.picture = null;
		this.usecase = null;
		this.#asked = "";
		this.again();
	}

	hurry() {
		this.#live?.hurry();
	}

	/** Frames per second that this page is content with: a phone in a full room needs few. */
	rate(hz: number) {
		this.#hz = hz;
		if (!document.hidden) this.#live?.setRate(hz);
	}

	/** Hear each delta's values, between two readings of the state. Returns how to stop. */
	listen(listener: (values: readonly Value[]) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Say something of this screen to the hub. */
	tell(message: object) {
		this.#live?.tell(message);
	}

	/** Acknowledge an alarm; the page shows it with the answer, not with the next frame. */
	async acknowledge(id: string, comment: string | null) {
		const alarm = await api.acknowledge(id, comment, this.table);
		if (alarm?.id !== id) return;
		this.#newest = withAlarm(this.#newest, alarm);
		this.picture = withAlarm(this.picture, alarm);
	}

	/** Show this story of those that run, on this screen alone; null: the one that plays. Throws when it is not to be had. */
	async lead(name: string | null) {
		if (name === this.#turned) return;
		const found = name === null ? null : await api.usecase(name);
		this.#turned = name;
		if (found === null) void this.#tell();
		else this.usecase = found;
	}

	/** Have every story described before it is told, so that a change shows its picture with its title: for a screen that
	 * is led. Returns their names; those that are not described by then come when they are told. */
	async learn(): Promise<string[]> {
		const names = (await api.usecases()).map(({ name }) => name);
		for (const name of names) if (!this.#described.has(name)) this.#described.set(name, await api.usecase(name));
		return names;
	}

	/** The timeline's now [ms]; null: nobody said. */
	now(run: string): number | null {
		// what came with the page is as of when it was made, until the link says more or is not to be had
		return nowOf(this.picture?.runs[run], this.early && !this.lost ? 0 : this.beat - this.heard);
	}

	#tick() {
		if (!this.frozen) this.beat = performance.now();
		const wall = Date.now();
		if (wall - this.#wall > SLEPT_MS) this.#live?.wake();
		this.#wall = wall;
		// the scenario's word may come before the story has followed to its run
		const run = this.picture?.scenario?.run;
		const followed =
			this.#turned !== null ||
			(run === undefined
				? this.usecase !== null || this.#askedAt - this.started >= BEGINS_MS
				: run === this.usecase?.run || run === this.usecase?.twin);
		const gathers =
			performance.now() - this.#beganAt < GATHERS_MS &&
			(this.usecase?.measures ?? []).some(({ device, computed }) => device === null && computed !== true);
		const pause = followed && !gathers ? ASK_AGAIN_MS : ASK_SOON_MS;
		if (this.link === "open" && !this.#asking && this.beat - this.#askedAt > pause) void this.#tell();
	}

	#take(frame: Frame) {
		const before = this.#newest;
		if (!follows(before, frame)) {
			this.#live?.askFull();
			return;
		}
		this.#newest = apply(before, frame);
		if (this.#stands()) return;
		this.picture = this.#newest;
		this.early = false;
		if (this.role === "facilitator") for (const each of joined(before, frame)) acts.noticed(each);
		this.heard = performance.now();
		this.beat = this.heard;
		if (frame.type === "delta") {
			const values = (frame as Delta).values ?? [];
			for (const listener of this.#listeners) listener(values);
		}
		const scenario = this.picture?.scenario;
		const was = this.#awaited;
		const told = awaited(was, this.coming, scenario?.run ?? null, this.beat);
		if (told.since !== was.since || told.coming !== was.coming || told.run !== was.run) this.#awaited = told;
		const known = `${this.coming} ${scenario?.usecase} ${scenario?.run} ${this.picture?.devices.size} ${this.connections}`;
		if (known !== this.#asked) {
			this.#asked = known;
			this.#beganAt = performance.now();
			this.#begin();
			void this.#tell();
		}
	}

	/** Show the story that is on its way as it is known, without a value, until the hub has described it anew; its title
	 * first: a picture takes a slow laptop longer than a facilitator waits before pressing again. */
	#begin() {
		const known = this.coming === null ? undefined : this.#described.get(this.coming);
		if (known === undefined || !this.turning) return;
		painted(() => {
			if (this.coming === known.name && this.turning) this.usecase = untold(known);
		});
	}

	/** Stand still if that is wished; who has lived again has missed a stretch of every curve. */
	#stands(): boolean {
		const [shown, newest] = [this.picture, this.#newest];
		if (!this.ofRoom || shown === null || newest === null) return false;
		if (newest.wall.frozen !== null) this.picture = still(shown, newest);
		else if (shown.wall.frozen !== null) this.connections += 1;
		return newest.wall.frozen !== null;
	}

	/** Ask for the story that is told. */
	async #tell() {
		if (this.#asking) {
			this.#again = true; // what was asked for is another story's
			return;
		}
		this.#asking = true;
		this.#again = false;
		this.#askedAt = performance.now();
		try {
			const [table, turned] = [this.table, this.#turned];
			const name =
				this.announced?.usecase ??
				turned ??
				this.coming ??
				this.picture?.scenario?.usecase ??
				(table > 0 ? null : told(await api.usecases(), this.begins));
			const found = name === null ? null : await api.usecase(name, table);
			if (table !== this.table || turned !== this.#turned) return; // somebody has gone over to another story meanwhile
			this.usecase = found;
			if (found !== null && table === 0) this.#described.set(found.name, found);
			this.untold = found === null;
			this.zone = found?.tz ?? this.zone;
			this.trouble = null;
		} catch (error) {
			if (error instanceof Refused && error.status === NOT_FOUND) {
				this.usecase = null;
				this.untold = true;
				this.trouble = null;
			} else this.trouble = error instanceof Refused ? error.message : String(error);
		} finally {
			this.#asking = false;
			if (this.#again) void this.#tell();
		}
	}
}

function open(address: string): Socket {
	const socket = new WebSocket(address);
	socket.binaryType = "arraybuffer";
	const words = new TextDecoder();
	const wrapped: Socket = {
		onopen: null,
		onclose: null,
		onmessage: null,
		send: (text) => socket.send(text),
		close: () => socket.close(),
	};
	socket.onopen = () => wrapped.onopen?.();
	socket.onclose = () => wrapped.onclose?.();
	socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) =>
		wrapped.onmessage?.({ data: typeof event.data === "string" ? event.data : words.decode(event.data) });
	return wrapped;
}

export const hub = new Hub();
