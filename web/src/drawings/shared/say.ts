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

/** Why a value is not believed: "13 min sans nouvelles"; empty for one that is. `brief`: in a word, where room is scarce. */
export function newsText(sight: Sight | undefined, brief = false): string {
	const news = newsOf(sight);
	if (news === "fresh" || news === "hidden") return "";
	if (brief) return t(`drawing.brief_${news}`);
	switch (news) {
		case "silent":
			return t("drawing.silent", { age: duration(sight?.shown.age ?? 0, choice.language) });
		case "refused":
			return t("state.bad");
		case "waiting":
			return t("drawing.no_news");
		case "missing":
			return t("mark.missing");
	}
}

/** The same under a tag, where the parts of the drawing leave it no more room than its value: "muet 13 min". */
export function newsTag(sight: Sight | undefined): string {
	const news = newsOf(sight);
	if (news === "silent") return t("drawing.silent_tag", { age: duration(sight?.shown.age ?? 0, choice.language) });
	return newsText(sight, news === "waiting");
}

/** "Air 7,2 °C", or "Air : 13 min sans nouvelles": one phrase of a drawing's text alternative. */
export function fact(sight: Sight | undefined): string {
	if (sight === undefined || sight.hidden) return "";
	const news = newsText(sight);
	const title = both(sight.measure.title);
	return news === "" ? `${title} ${say(sight)}` : t("drawing.fact", { title, news });
}
