/** What people do to devices on this page, and how it is taken back: one bar, the newest deed. */

import { SvelteSet } from "svelte/reactivity";
import { api, type DeviceWish } from "./api.ts";
import { both, t } from "./choice.svelte.ts";
import { explain } from "./explain.ts";
import type { Joined } from "./lib/frames.ts";
import type { Candidate, Device, Scenario, StoryCard, Text, UsecaseRole } from "./lib/types.ts";

/** How long the bar offers to undo; a device that is to be forgotten is only hidden until then. */
const OFFERED_MS = 10_000;

/** How often [s] a device reports that is made to. */
export const PACE_S = 10;

interface Bar {
	text: string;
	bad: boolean;
	undo: (() => Promise<void>) | null;
}

class Acts {
	bar = $state.raw<Bar | null>(null);
	/** Devices that are about to be forgotten: the hub still has them, the page shows them no more. */
	readonly leaving = new SvelteSet<string>();

	/** Told when something was done, or undone, that changes the story. */
	changed: () => void = () => {};

	readonly #merging = new Set<string>();
	#timer: ReturnType<typeof setTimeout> | undefined;
	#pending: Device | null = null;

	constructor() {
		// leaving the page is no change of mind
		window.addEventListener("pagehide", () => void this.#forgetNow());
	}

	/** Change a device; throws what the hub says when it refuses. */
	async change(device: Device, wish: DeviceWish, text: string) {
		this.#offer(text, (await api.change(device.id, wish)).action);
	}

	async merge(device: Device, into: Device) {
		this.#merging.add(device.id); // the frame that tells of it may be here before the answer
		const said = await api.merge(device.id, into.id);
		this.#offer(t("acts.merged", { name: device.name, into: into.name }), said.action);
	}

	/** Offer to part again what turned out to be one device without anybody here having said so. */
	noticed({ id, name, into }: Joined) {
		if (this.#merging.delete(id)) return;
		this.#show({
			text: t("acts.joined", { name, into }),
			bad: false,
			undo: async () => {
				await api.unmerge(id);
			},
		});
	}

	/** Let a device report more often during this session, or by its own period again; each is the other's undoing. */
	async pace(device: Device, every: number | null) {
		await api.pace(device.id, every);
		this.#show({
			text: t(every === null ? "acts.unpaced" : "acts.paced", { name: device.name, every: every ?? 0 }),
			bad: false,
			undo: () => api.pace(device.id, every === null ? (device.pace?.every ?? PACE_S) : null),
		});
	}

	/** Give a role to a device; what is odd about it is said beside the way back. */
	async takeRole(each: Candidate, channels?: Record<string, string | null>) {
		const said = await api.takeRole(each.usecase, each.role, each.device, channels);
		this.changed();
		const words = { name: each.name, role: both(each.title), usecase: both(each.usecase_title) };
		this.#offer([t("acts.took", words), ...said.warnings.map((one) => both(one.text))].join(" "), said.action);
	}

	async giveBack(usecase: string, role: UsecaseRole) {
		const said = await api.giveBack(usecase, role.name);
		this.changed();
		this.#offer(t("acts.gave_back", { role: both(role.title) }), said.action);
	}

	/** Suppress a story's alarms, or let them ring again. */
	async turn(usecase: { name: string; title: Text }, off: boolean) {
		const said = await api.turn(usecase.name, off);
		this.changed();
		this.#offer(t(off ? "acts.off" : "acts.on", { usecase: both(usecase.title) }), said.action);
	}

	/** Put a story on the screens, from its beginning or as `from` says; the way back is the one before, from its
	 * beginning, with its seed and speed, and what `also` brings back. */
	async tell(
		story: Pick<StoryCard, "name" | "title">,
		before: Scenario | null,
		from: { initial?: string; clock?: string } = {},
		also: () => Promise<void> = async () => {},
	) {
		await api.story({ usecase: story.name, ...from });
		const back = before === null || before.run.startsWith("replay-") ? null : before;
		const undo = async ({ usecase, seed, speed }: Scenario) => {
			await api.story({ usecase, seed });
			await api.speed(speed);
			await also();
		};
		this.#show({
			text: t("stories.began", { story: both(story.title) }),
			bad: false,
			undo: back === null ? null : () => undo(back),
		});
	}

	async unmerge(id: string) {
		this.#offer(t("acts.unmerged", { name: id }), (await api.unmerge(id)).action);
	}

	/** Forget a device when the bar has gone: erasing cannot be undone, so the undoing comes first. */
	async forget(device: Device) {
		await this.#forgetNow();
		this.#pending = device;
		this.leaving.add(device.id);
		this.#show({
			text: t("acts.forgetting", { name: device.name }),
			bad: false,
			undo: async () => {
				this.#pending = null;
				this.leaving.delete(device.id);
			},
		});
	}

	/** Say why nothing was done. */
	failed(why: string) {
		this.#show({ text: why, bad: true, undo: null });
	}

	async undo() {
		const undo = this.bar?.undo;
		if (!undo) return;
		this.#close();
		try {
			await undo();
			this.changed();
		} catch (error) {
			this.#show({ text: explain(error), bad: true, undo: null });
		}
	}

	#offer(text: string, action: number | null) {
		if (action === null) return; // nothing was changed
		this.#show({ text, bad: false, undo: () => api.undo(action) });
	}

	#show(bar: Bar) {
		if (this.#pending !== null && !this.leaving.has(this.#pending.id)) this.#pending = null;
		this.#close();
		this.bar = bar;
		this.#timer = setTimeout(() => void this.#end(), OFFERED_MS);
	}

	#close() {
		clearTimeout(this.#timer);
		this.bar = null;
	}

	async #end() {
		this.#close();
		await this.#forgetNow();
	}

	async #forgetNow() {
		const device = this.#pending;
		this.#pending = null;
		if (device === null) return;
		try {
			await api.forget(device.id);
		} catch (error) {
			this.#show({ text: explain(error), bad: true, undo: null });
		} finally {
			this.leaving.delete(device.id);
		}
	}
}

export const acts = new Acts();
