/** What a phone's own check judges: link, clock. Pure. */

export type Verdict = "good" | "fair" | "bad";

/** There and back in less than this [ms] feels like now. */
const QUICK_MS = 150;
/** A question that has no answer by then [ms] is lost. */
export const LOST_MS = 3000;

export interface LinkQuality {
	verdict: Verdict;
	/** There and back [ms]; null: nothing came back. */
	median: number | null;
	worst: number | null;
	lost: number;
	all: number;
}

/** Judge the times of questions and answers [ms]; null: no answer. */
export function judgeLink(times: readonly (number | null)[]): LinkQuality {
	const heard = times.filter((each): each is number => each !== null).sort((one, other) => one - other);
	const [median, worst] = [heard[Math.floor(heard.length / 2)] ?? null, heard.at(-1) ?? null];
	const lost = times.length - heard.length;
	const verdict = median === null || lost * 10 >= times.length ? "bad" : median <= QUICK_MS ? "good" : "fair";
	return { verdict, median, worst, lost, all: times.length };
}

const SAME_S = 2;
const FAR_S = 86_400;

/** Judge how far the phone's clock is ahead of the hub's [s]. */
export function judgeClock(ahead: number): { verdict: Verdict; word: "same" | "ahead" | "behind"; isFar: boolean } {
	const isFar = Math.abs(ahead) >= FAR_S;
	if (Math.abs(ahead) < SAME_S) return { verdict: "good", word: "same", isFar };
	return { verdict: isFar ? "bad" : "fair", word: ahead > 0 ? "ahead" : "behind", isFar };
}
