import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeClock, judgeLink } from "./selftest.ts";

test("a link is as good as its usual answer, and bad when answers are lost", () => {
	assert.deepEqual(judgeLink([20, 30, 900]), { verdict: "good", median: 30, worst: 900, lost: 0, all: 3 });
	assert.equal(judgeLink([200, 300, 250]).verdict, "fair");
	assert.equal(judgeLink([20, 30, 20, 20, null]).verdict, "bad");
	assert.deepEqual(judgeLink([null, null]), { verdict: "bad", median: null, worst: null, lost: 2, all: 2 });
	assert.equal(judgeLink([]).verdict, "bad");
});

test("a clock is judged by its distance, and one that is days off endangers the secure page", () => {
	assert.deepEqual(judgeClock(-1.9), { verdict: "good", word: "same", isFar: false });
	assert.deepEqual(judgeClock(125), { verdict: "fair", word: "ahead", isFar: false });
	assert.deepEqual(judgeClock(-3600), { verdict: "fair", word: "behind", isFar: false });
	assert.deepEqual(judgeClock(-90_000), { verdict: "bad", word: "behind", isFar: true });
});
