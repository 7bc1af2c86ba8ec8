/** What came with the page itself: the story as it stood when the hub made the page (`hub/web/opening.py`). */

import type { Full, Usecase } from "./types.ts";

export interface Opening {
	/** Whole, but for the devices and alarms that are not the story's. */
	frame: Full;
	usecase: Usecase;
}

/** What is written in the page; null: nothing is, or it comes out of a browser's memory (`again`) and is old. */
export function opening(text: string | null | undefined, again: boolean): Opening | null {
	if (!text || again) return null;
	try {
		const { frame, usecase } = JSON.parse(text);
		return frame?.type === "full" && typeof usecase?.name === "string" ? { frame, usecase } : null;
	} catch {
		return null;
	}
}
