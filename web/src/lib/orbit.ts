/** Where a picture that stays for hours stands, so that none of its edges burns into the screen. */

const ROUND = [
	[0, 0],
	[1, 0],
	[1, 1],
	[0, 1],
	[-1, 1],
	[-1, 0],
	[-1, -1],
	[0, -1],
	[1, -1],
] as const;

/** A place beside the middle, as shares (−1 to 1, right and down) of how far it may go: another one each minute. */
export function orbit(minute: number): readonly [number, number] {
	return ROUND[Math.abs(Math.floor(minute)) % ROUND.length] ?? [0, 0];
}
