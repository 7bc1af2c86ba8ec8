/** Keeps the screen awake while a phone measures: a phone that sleeps sends nothing. */

import type { Obstacle } from "./lib/phone.ts";

export type WakeState = "off" | "on" | Obstacle;

class Wake {
	state = $state<WakeState>("off");

	#wanted = false;
	#lock: WakeLockSentinel | null = null;

	/** Ask for it, and again each time that the page is looked at: the browser takes it back from a hidden page. */
	async hold() {
		if (this.#wanted) return;
		this.#wanted = true;
		document.addEventListener("visibilitychange", this.#again);
		await this.#take();
	}

	release() {
		this.#wanted = false;
		document.removeEventListener("visibilitychange", this.#again);
		void this.#lock?.release();
		this.#lock = null;
		if (this.state === "on") this.state = "off";
	}

	readonly #again = () => {
		if (!document.hidden) void this.#take();
	};

	async #take() {
		if (this.#lock !== null || document.hidden) return;
		if (!isSecureContext || !("wakeLock" in navigator)) {
			this.state = isSecureContext ? "absent" : "insecure";
			return;
		}
		try {
			const lock = await navigator.wakeLock.request("screen");
			if (!this.#wanted) {
				void lock.release();
				return;
			}
			this.#lock = lock;
			this.state = "on";
			lock.addEventListener("release", () => {
				if (this.#lock !== lock) return;
				this.#lock = null;
				if (this.state === "on") this.state = "off";
			});
		} catch {
			this.state = "denied"; // the battery is low, or saved
		}
	}
}

export const wake = new Wake();
