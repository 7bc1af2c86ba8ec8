import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { painted } from "./painted.ts";

/** Run with the frames and timers of a browser, which come when the test says so. */
function browser(run: (frame: () => void, pass: (ms: number) => void) => void) {
	let waiting: (() => void)[] = [];
	const before = globalThis.requestAnimationFrame;
	globalThis.requestAnimationFrame = (then) => waiting.push(() => then(0));
	mock.timers.enable({ apis: ["setTimeout"] });
	const frame = () => {
		const due = waiting;
		waiting = [];
		for (const each of due) each();
	};
	try {
		run(frame, (ms) => mock.timers.tick(ms));
	} finally {
		mock.timers.reset();
		globalThis.requestAnimationFrame = before;
	}
}

test("what comes second is done after the frame, and once", () => {
	browser((frame, pass) => {
		let times = 0;
		painted(() => (times += 1));
		pass(10);
		assert.equal(times, 0);
		frame();
		assert.equal(times, 0, "not before it is painted");
		pass(1);
		assert.equal(times, 1);
		pass(1000);
		assert.equal(times, 1);
	});
});

test("a page that nobody sees has no frames, and goes on all the same", () => {
	browser((_frame, pass) => {
		let times = 0;
		painted(() => (times += 1));
		pass(1000);
		assert.equal(times, 1);
	});
});
