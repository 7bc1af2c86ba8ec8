import assert from "node:assert/strict";
import { test } from "node:test";
import { patiently } from "./patiently.ts";

test("what comes is given at once, and nobody is refused", async () => {
	let refused = 0;
	assert.equal(
		await patiently(
			async () => "words",
			() => refused++,
			0,
		),
		"words",
	);
	assert.equal(refused, 0);
});

test("what does not come is asked for again, and each refusal is told", async () => {
	let asked = 0;
	let refused = 0;
	const ask = async () => {
		if (++asked < 3) throw new Error("the hub is away");
		return asked;
	};
	assert.equal(await patiently(ask, () => refused++, 0), 3);
	assert.equal(refused, 2);
});
