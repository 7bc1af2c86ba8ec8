/** Why something did not happen, in the reader's language: the hub's own words where it gave some. */

import { Refused } from "./api.ts";
import { t, whyOf } from "./choice.svelte.ts";

export function explain(error: unknown): string {
	if (!(error instanceof Refused)) return t("trouble.unknown");
	return error.status === 0 ? t("trouble.away") : whyOf({ code: error.code, reason: error.message });
}
