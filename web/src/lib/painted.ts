/** Later than `requestAnimationFrame` comes where a page is in sight: one that is not has no frames [ms]. */
const UNSEEN_MS = 100;

/** Do it once what the page shows now has been painted; soon, where it is not seen. */
export function painted(then: () => void) {
	let done = false;
	const once = () => {
		if (done) return;
		done = true;
		then();
	};
	requestAnimationFrame(() => setTimeout(once, 0));
	setTimeout(once, UNSEEN_MS);
}
