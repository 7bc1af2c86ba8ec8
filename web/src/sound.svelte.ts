/** The screen's own siren: no file, no internet. It says whether its browser would let it be heard. */

import { STROKES } from "./lib/siren.ts";

/** `muted`: the browser waits until somebody touches the page; `off`: somebody wants no sound here. */
export type SoundState = "on" | "muted" | "off";

const KEPT = "sound";
const NARROW = "(max-width: 40rem)";

class Sound {
	/** Whether this screen is to ring at all: a phone in the room does not unless it is told to. */
	wanted = $state(wish());
	/** Whether the browser lets it. */
	free = $state(navigator.userActivation?.hasBeenActive ?? false);
	readonly state: SoundState = $derived(this.wanted ? (this.free ? "on" : "muted") : "off");

	#context: AudioContext | null = null;

	want(wanted: boolean) {
		this.wanted = wanted;
		try {
			localStorage.setItem(KEPT, wanted ? "on" : "off");
		} catch {
			// storage is off: the choice lasts as long as the page
		}
	}

	/** Somebody touched the page: from now on it may be heard. */
	async touched() {
		if (!this.free) this.free = await this.#ready();
	}

	/** Ring once; `volume` 0 goes the whole way unheard. Tells whether it would have been heard. */
	async ring(volume = 0.5): Promise<boolean> {
		if (!this.free) return false;
		this.free = await this.#ready();
		const context = this.#context;
		if (!this.free || context === null) return false;
		for (const [hertz, start, length] of STROKES) {
			const tone = new OscillatorNode(context, { frequency: hertz, type: "triangle" });
			const gain = new GainNode(context, { gain: 0 });
			const begin = context.currentTime + start;
			gain.gain.linearRampToValueAtTime(volume, begin + 0.02);
			gain.gain.linearRampToValueAtTime(0, begin + length);
			tone.connect(gain).connect(context.destination);
			tone.start(begin);
			tone.stop(begin + length);
		}
		return true;
	}

	/** Whether sound runs; only asked once somebody touched the page, or browsers complain. */
	async #ready(): Promise<boolean> {
		try {
			this.#context ??= new AudioContext();
			if (this.#context.state !== "running") await this.#context.resume();
			return this.#context.state === "running";
		} catch {
			return false; // no loudspeaker, or none for this page
		}
	}
}

function wish(): boolean {
	try {
		const kept = localStorage.getItem(KEPT);
		if (kept !== null) return kept === "on";
	} catch {
		// storage is off
	}
	return !matchMedia(NARROW).matches;
}

export const sound = new Sound();
