import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sight } from "../../lib/sight.ts";
import type { ValueState } from "../../lib/state.ts";
import { newsOf, paceOf, shareOf, switchOf, valueOf } from "./reading.ts";

function seen(value: number, state: ValueState, origin: Sight["origin"] = "simulated"): Sight {
	return { origin, shown: { state, value: state === "waiting" || state === "bad" ? null : value, age: 4 } } as Sight;
}

test("only a value that is believed now moves a drawing", () => {
	assert.equal(valueOf(seen(7, "live")), 7);
	assert.equal(valueOf(seen(7, "uncertain")), 7);
	for (const state of ["stale", "bad", "waiting"] as const) assert.equal(valueOf(seen(7, state)), null, state);
	assert.equal(valueOf(seen(7, "live", "missing")), null);
	assert.equal(valueOf(undefined), null);
});

test("a drawing says why it does not move", () => {
	assert.deepEqual(
		(["live", "stale", "bad", "waiting"] as const).map((state) => newsOf(seen(1, state))),
		["fresh", "silent", "refused", "waiting"],
	);
	assert.equal(newsOf(seen(0, "waiting", "missing")), "missing");
	assert.equal(newsOf(undefined), "missing");
	assert.equal(newsOf({ ...seen(7, "live"), hidden: true }), "hidden", "somebody put it away: that is no silence");
	assert.equal(valueOf({ ...seen(7, "live"), hidden: true }), null);
});

test("a switch that is not known is neither on nor off", () => {
	assert.equal(switchOf(seen(1, "live")), "on");
	assert.equal(switchOf(seen(0, "live")), "off");
	assert.equal(switchOf(seen(1, "stale")), "unknown");
	assert.equal(switchOf(seen(40, "live"), 50), "off");
});

test("a share stays between nothing and all of it", () => {
	assert.deepEqual(
		[-5, 0, 5, 10, 50].map((value) => shareOf(value, 0, 10)),
		[0, 0, 0.5, 1, 1],
	);
	assert.equal(shareOf(null, 0, 10), null);
});

test("motion goes faster in a few steps, so that a value that trembles does not make it jump", () => {
	assert.equal(paceOf(0, 8, 0.5), 8);
	assert.equal(paceOf(1, 8, 0.5), 0.5);
	assert.equal(paceOf(2, 8, 0.5), 0.5);
	assert.equal(paceOf(0.51, 8, 0.5), paceOf(0.49, 8, 0.5));
});
