/** Charts draw in turns: fifty at once would hold the page for longer than a finger notices. */

export interface Around {
	/** Call back with the next frame of the screen. */
	frame(run: () => void): void;
	/** A monotonic clock [ms]. */
	now(): number;
}

/** What a frame may take of the page for drawing [ms]: the rest is for fingers and news. */
const SHARE_MS = 8;

export class Turns {
	private readonly waiting = new Map<object, () => void>();
	private readonly around: Around;
	private asked = false;

	constructor(around: Around) {
		this.around = around;
	}

	/** Draw when it is `who`'s turn; what it wanted drawn before and was not is out of date. */
	ask(who: object, draw: () => void): void {
		this.waiting.set(who, draw); // who waits already keeps its place
		this.next();
	}

	forget(who: object): void {
		this.waiting.delete(who);
	}

	private next(): void {
		if (this.asked || this.waiting.size === 0) return;
		this.asked = true;
		this.around.frame(() => this.run());
	}

	private run(): void {
		this.asked = false;
		const until = this.around.now() + SHARE_MS;
		for (const [who, draw] of this.waiting) {
			this.waiting.delete(who);
			draw();
			if (this.around.now() >= until) break;
		}
		this.next();
	}
}
