/** This phone as a device: its connection to the hub, its sensors, its buttons. Sound and place never leave it. */

import {
	Collector,
	level,
	obstacle,
	type Obstacle,
	type Sensor,
	SENSORS,
	strength,
	tapRate,
	TAPS_OVER_MS,
} from "./lib/phone.ts";
import { wake } from "./wake.svelte.ts";

const BEAT_MS = 500;
/** Everything is said again so often: what stays the same is still believed. */
const REPEAT_MS = 5000;
const AGAIN_MS = [500, 1000, 2000, 4000, 8000];
/** A sensor that says nothing for so long is not there: a laptop has the event and no accelerometer. */
const SILENT_MS = 2500;
const GONE = 4001;
/** Status that a refused connection leaves no trace of: the page asks who it is after so many tries. */
const ASK_AFTER = 2;
const CHANNELS: Record<Sensor, readonly string[]> = {
	motion: ["acceleration", "pitch", "roll"],
	sound: ["sound_level"],
	light: ["illuminance"],
};

export type SensorState = "off" | "asked" | "on" | Obstacle;

interface Light extends EventTarget {
	illuminance: number;
	start(): void;
	stop(): void;
}

/** iOS wants to be asked, by a press. */
type Asking = { requestPermission?: () => Promise<string> };

class Phone {
	connected = $state(false);
	sensors = $state<Record<Sensor, SensorState>>({ motion: "off", sound: "off", light: "off" });
	presses = $state(0);
	/** Called when the hub knows this phone no more. */
	lost: () => void = () => undefined;

	#socket: WebSocket | null = null;
	#wanted = false;
	#failures = 0;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#beat: ReturnType<typeof setInterval> | undefined;
	#repeated = 0;
	#taps: number[] = [];
	readonly #collector = new Collector();
	readonly #stops = new Map<Sensor, () => void>();

	constructor() {
		const around = {
			secure: isSecureContext,
			motion: "DeviceMotionEvent" in window,
			sound: navigator.mediaDevices?.getUserMedia !== undefined,
			light: "AmbientLightSensor" in window,
		};
		for (const sensor of SENSORS) this.sensors[sensor] = obstacle(sensor, around) ?? "off";
	}

	start() {
		if (this.#wanted) return;
		this.#wanted = true;
		this.#open();
		void wake.hold();
		this.#beat = setInterval(() => this.#say(), BEAT_MS);
		document.addEventListener("visibilitychange", this.#wake);
		window.addEventListener("online", this.#wake);
	}

	stop() {
		this.#wanted = false;
		wake.release();
		clearInterval(this.#beat);
		clearTimeout(this.#retry);
		document.removeEventListener("visibilitychange", this.#wake);
		window.removeEventListener("online", this.#wake);
		this.#socket?.close();
		this.#socket = null;
		this.connected = false;
		for (const sensor of SENSORS) this.#off(sensor);
	}

	/** A locked phone sleeps; awake it does not wait for the end of a pause. */
	readonly #wake = () => {
		if (document.hidden || !this.#wanted || this.#socket !== null) return;
		clearTimeout(this.#retry);
		this.#open();
	};

	#open() {
		const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/phone`);
		this.#socket = socket;
		socket.onopen = () => {
			this.#failures = 0;
			this.#repeated = 0;
			this.connected = true;
		};
		socket.onclose = ({ code }) => {
			if (socket !== this.#socket) return;
			this.#socket = null;
			this.connected = false;
			this.#failures += 1;
			if (code === GONE || this.#failures >= ASK_AFTER) this.lost();
			if (!this.#wanted) return;
			this.#retry = setTimeout(() => this.#open(), AGAIN_MS[Math.min(this.#failures, AGAIN_MS.length) - 1]);
		};
	}

	#say() {
		if (this.#socket?.readyState !== WebSocket.OPEN) return;
		const now = performance.now();
		if (this.#taps.length > 0) {
			const rate = tapRate(this.#taps, now);
			if (rate > 0) this.#collector.set("tap_rate", rate);
			if (now - (this.#taps.at(-1) ?? 0) > TAPS_OVER_MS) this.#taps = [];
		} else {
			this.#collector.drop("tap_rate");
		}
		const all = now - this.#repeated > REPEAT_MS;
		const said = this.#collector.take(["acceleration"], all);
		if (all) this.#repeated = now;
		if (Object.keys(said).length > 0) this.#socket.send(JSON.stringify(said));
	}

	press() {
		this.presses += 1;
		this.#taps = [...this.#taps.slice(-99), performance.now()];
		this.#collector.set("presses", this.presses);
		this.#say();
	}

	set(channel: "slider" | "hue", value: number) {
		this.#collector.set(channel, value);
	}

	/** Try a sensor, after a press: browsers ask its owner only then. */
	async measure(sensor: Sensor) {
		this.sensors[sensor] = "asked";
		try {
			const stop =
				sensor === "motion" ? await this.#motion() : sensor === "sound" ? await this.#sound() : this.#light();
			this.#stops.set(sensor, stop);
			setTimeout(() => {
				if (this.sensors[sensor] === "asked") this.#off(sensor, "absent");
			}, SILENT_MS);
		} catch (error) {
			const no = error instanceof DOMException && ["NotAllowedError", "SecurityError"].includes(error.name);
			this.#off(sensor, no ? "denied" : "absent");
		}
	}

	rest(sensor: Sensor) {
		this.#off(sensor);
	}

	#off(sensor: Sensor, state: SensorState = "off") {
		this.#stops.get(sensor)?.();
		this.#stops.delete(sensor);
		for (const channel of CHANNELS[sensor]) this.#collector.drop(channel);
		if (["on", "asked"].includes(this.sensors[sensor])) this.sensors[sensor] = state;
	}

	async #motion(): Promise<() => void> {
		for (const kind of [window.DeviceMotionEvent, window.DeviceOrientationEvent] as Asking[]) {
			if ((await kind?.requestPermission?.()) === "denied") throw new DOMException("", "NotAllowedError");
		}
		const moved = ({ acceleration, accelerationIncludingGravity }: DeviceMotionEvent) => {
			const found = strength(acceleration, accelerationIncludingGravity);
			if (found === null) return;
			this.sensors.motion = "on";
			this.#collector.peak("acceleration", found);
		};
		const turned = ({ beta, gamma }: DeviceOrientationEvent) => {
			if (beta === null || gamma === null) return;
			this.sensors.motion = "on";
			this.#collector.set("pitch", Math.round(beta));
			this.#collector.set("roll", Math.round(gamma));
		};
		window.addEventListener("devicemotion", moved);
		window.addEventListener("deviceorientation", turned);
		return () => {
			window.removeEventListener("devicemotion", moved);
			window.removeEventListener("deviceorientation", turned);
		};
	}

	/** Only the level is looked at, ten times a second; the sound itself is forgotten at once, here. */
	async #sound(): Promise<() => void> {
		const stream = await navigator.mediaDevices.getUserMedia({
			audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
		});
		const context = new AudioContext();
		const analyser = context.createAnalyser();
		context.createMediaStreamSource(stream).connect(analyser);
		const samples = new Float32Array(analyser.fftSize);
		const timer = setInterval(() => {
			analyser.getFloatTimeDomainData(samples);
			this.sensors.sound = "on";
			this.#collector.set("sound_level", Math.round(level(samples)));
		}, 100);
		return () => {
			clearInterval(timer);
			for (const track of stream.getTracks()) track.stop();
			void context.close();
		};
	}

	#light(): () => void {
		const Made = (window as unknown as { AmbientLightSensor: new (options: object) => Light }).AmbientLightSensor;
		const light = new Made({ frequency: 2 });
		light.addEventListener("reading", () => {
			this.sensors.light = "on";
			this.#collector.set("illuminance", light.illuminance);
		});
		light.addEventListener("error", (event) => {
			const { error } = event as Event & { error: DOMException };
			this.#off("light", error.name === "NotAllowedError" ? "denied" : "absent");
		});
		light.start();
		return () => light.stop();
	}
}

export const phone = new Phone();
