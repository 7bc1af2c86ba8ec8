/** Why something did not happen, in the reader's language: the hub's own words where it gave some. */

import { Refused } from "./api.ts";
import { both, t, whyOf } from "./choice.svelte.ts";

export function explain(error: unknown): string {
	if (!(error instanceof Refused)) return t("trouble.unknown");
	if (error.text !== null) return both(error.text);
	return error.status === 0 ? t("trouble.away") : whyOf({ code: error.code, reason: error.message });
}
