/** The one module that speaks to /live: it connects, connects again for ever, and says how it stands.
 *
 * Socket, timers and chance are handed in, so that it is tried without a browser. */

import type { Frame } from "./types.ts";

export type Link = "connecting" | "open" | "lost";

export interface Socket {
	onopen: (() => void) | null;
	onclose: (() => void) | null;
	onmessage: ((event: { data: unknown }) => void) | null;
	send(text: string): void;
	close(): void;
}

export interface Around {
	connect(): Socket;
	later(run: () => void, ms: number): unknown;
	cancel(timer: unknown): void;
	/** Between 0 and 1, so that fifty pages do not come back in the same instant. */
	chance(): number;
}

const FIRST_MS = 500;
const MOST_MS = 10_000;
/** The hub sends a whole frame every 10 s; a link silent for longer is dead, whatever the socket says. */
const SILENT_MS = 25_000;

export class Live {
	private socket: Socket | null = null;
	private failures = 0;
	private rate = 10;
	private retry: unknown = null;
	private watch: unknown = null;
	private stopped = false;
	private readonly around: Around;
	private readonly onFrame: (frame: Frame) => void;
	private readonly onLink: (link: Link) => void;

	constructor(around: Around, onFrame: (frame: Frame) => void, onLink: (link: Link) => void) {
		this.around = around;
		this.onFrame = onFrame;
		this.onLink = onLink;
	}

	start(): void {
		this.stopped = false;
		this.open();
	}

	stop(): void {
		this.stopped = true;
		this.around.cancel(this.retry);
		this.around.cancel(this.watch);
		this.drop();
	}

	/** Try at once instead of at the end of the pause: the reader pressed, or the machine is back on the network. */
	hurry(): void {
		if (this.socket === null && !this.stopped) {
			this.around.cancel(this.retry);
			this.open();
		}
	}

	/** The machine slept: its link is dead though the socket may not know it for minutes. Connect anew, at once. */
	wake(): void {
		if (this.stopped) return;
		this.around.cancel(this.retry);
		this.failures = 0;
		this.drop();
		this.open();
	}

	/** Frames per second: 0 for a hidden tab. The frame after a raise is a whole one. */
	setRate(hz: number): void {
		if (hz === this.rate) return;
		this.rate = hz;
		this.send({ type: "rate", hz });
		if (hz > 0) this.hear();
		else this.around.cancel(this.watch);
	}

	askFull(): void {
		this.send({ type: "full" });
	}

	/** Say something of this screen; lost where the link is, and said again when it opens. */
	tell(message: object): void {
		this.send(message);
	}

	private send(message: object): void {
		try {
			this.socket?.send(JSON.stringify(message));
		} catch {
			// not open yet or just closed: what matters is sent again when it opens
		}
	}

	private open(): void {
		const socket = this.around.connect();
		this.socket = socket;
		socket.onopen = () => {
			this.failures = 0;
			if (this.rate !== 10) this.send({ type: "rate", hz: this.rate });
			this.hear();
			this.onLink("open");
		};
		socket.onmessage = (event) => {
			this.hear();
			const frame = read(event.data);
			if (frame !== null) this.onFrame(frame);
		};
		socket.onclose = () => this.lost(socket);
		this.hear();
	}

	private hear(): void {
		this.around.cancel(this.watch);
		if (this.rate === 0) return;
		const socket = this.socket;
		this.watch = this.around.later(() => {
			if (socket !== null && socket === this.socket) this.lost(socket);
		}, SILENT_MS);
	}

	private lost(socket: Socket): void {
		if (socket !== this.socket) return;
		this.drop();
		if (this.stopped) return;
		this.onLink("lost");
		const pause = Math.min(FIRST_MS * 2 ** this.failures, MOST_MS) * (0.75 + this.around.chance() / 2);
		this.failures += 1;
		this.retry = this.around.later(() => this.open(), pause);
	}

	private drop(): void {
		const socket = this.socket;
		this.socket = null;
		this.around.cancel(this.watch);
		if (socket === null) return;
		socket.onopen = socket.onclose = socket.onmessage = null;
		socket.close();
	}
}

/** The frame in a message; null: it is none. */
export function read(data: unknown): Frame | null {
	if (typeof data !== "string") return null;
	try {
		const frame: unknown = JSON.parse(data);
		const type = (frame as { type?: unknown } | null)?.type;
		return type === "full" || type === "delta" ? (frame as Frame) : null;
	} catch {
		return null;
	}
}
