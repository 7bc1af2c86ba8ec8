/** What a drawing writes and says of a measure, in the reader's language. */

import { both, choice, t } from "../../choice.svelte.ts";
import { duration, quantity } from "../../lib/format.ts";
import type { Sight } from "../../lib/sight.ts";
import { newsOf } from "./reading.ts";

/** "7,2 °C"; a dash for what was never heard or was refused. */
export function say(sight: Sight | undefined): string {
	if (sight === undefined || sight.shown.value === null) return "–";
	return quantity(sight.shown.value, sight.unit, sight.measure.decimals, choice.language);
}

/** Why a value is not believed: "silencieux depuis 12 min"; empty for one that is. */
export function newsText(sight: Sight | undefined): string {
	switch (newsOf(sight)) {
		case "fresh":
			return "";
		case "silent":
			return t("state.silent_for", { age: duration(sight?.shown.age ?? 0, choice.language) });
		case "refused":
			return t("state.bad");
		case "waiting":
			return t("drawing.no_news");
		case "missing":
			return t("drawing.missing");
	}
}

/** "Air 7,2 °C", or "Air : silencieux depuis 12 min": one phrase of a drawing's text alternative. */
export function fact(sight: Sight | undefined): string {
	if (sight === undefined) return "";
	const news = newsText(sight);
	const title = both(sight.measure.title);
	return news === "" ? `${title} ${say(sight)}` : t("drawing.fact", { title, news });
}
