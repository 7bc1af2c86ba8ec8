import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

/** A screen whose frames come when told; drawing takes as long as a chart says. */
function screen() {
	let frames: (() => void)[] = [];
	let clock = 0;
	const turns = new Turns({ frame: (run) => frames.push(run), now: () => clock });
	const drawn: string[] = [];
	return {
		turns,
		drawn,
		chart: (name: string, ms: number) => () => {
			drawn.push(name);
			clock += ms;
		},
		frame: () => {
			const due = frames;
			frames = [];
			for (const run of due) run();
			return drawn.splice(0).join("");
		},
		waits: () => frames.length,
	};
}

test("a frame draws as many charts as it has time for, and the next ones go on where it ended", () => {
	const { turns, chart, frame, waits } = screen();
	const charts = ["a", "b", "c", "d", "e"].map((name) => ({ name }));
	for (const each of charts) turns.ask(each, chart(each.name, 3));
	assert.deepEqual([frame(), frame(), frame()], ["abc", "de", ""]);
	assert.equal(waits(), 0);
});

test("a chart that draws slowly is drawn all the same, alone in its frame", () => {
	const { turns, chart, frame } = screen();
	turns.ask({}, chart("slow", 80));
	turns.ask({}, chart("next", 1));
	assert.deepEqual([frame(), frame()], ["slow", "next"]);
});

test("only the newest of what a chart wants is drawn, and it keeps its place", () => {
	const { turns, chart, frame } = screen();
	const [one, two] = [{}, {}];
	turns.ask(one, chart("old", 1));
	turns.ask(two, chart("two", 1));
	turns.ask(one, chart("new", 1));
	assert.equal(frame(), "newtwo");
});

test("a chart that is gone is not drawn, and one that asks while others draw has its turn", () => {
	const { turns, chart, frame } = screen();
	const gone = {};
	turns.ask(gone, chart("gone", 1));
	turns.forget(gone);
	turns.ask({}, () => turns.ask({}, chart("after", 1)));
	assert.deepEqual([frame() + frame()], ["after"]);
});
