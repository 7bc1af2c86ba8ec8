import assert from "node:assert/strict";
import { test } from "node:test";
import { type Link, Live, read, type Socket } from "./live.ts";
import type { Frame } from "./types.ts";

class FakeSocket implements Socket {
	onopen: (() => void) | null = null;
	onclose: (() => void) | null = null;
	onmessage: ((event: { data: unknown }) => void) | null = null;
	sent: unknown[] = [];
	closed = false;
	send(text: string) {
		this.sent.push(JSON.parse(text));
	}
	close() {
		this.closed = true;
	}
}

/** A page without a browser: sockets that do what they are told, timers that fire when told. */
function page() {
	const sockets: FakeSocket[] = [];
	let timers: { run: () => void; ms: number }[] = [];
	const links: Link[] = [];
	const frames: Frame[] = [];
	const live = new Live(
		{
			connect: () => {
				const socket = new FakeSocket();
				sockets.push(socket);
				return socket;
			},
			later: (run, ms) => {
				const timer = { run, ms };
				timers.push(timer);
				return timer;
			},
			cancel: (timer) => {
				timers = timers.filter((each) => each !== timer);
			},
			chance: () => 0.5,
		},
		(frame) => frames.push(frame),
		(link) => links.push(link),
	);
	const fire = () => {
		const timer = timers.shift();
		timer?.run();
		return timer?.ms;
	};
	const newest = () => sockets.at(-1) as FakeSocket;
	return { live, sockets, links, frames, fire, newest, waits: () => timers.map((timer) => timer.ms) };
}

test("a link that is lost is tried again, later each time but never more than ten seconds, for ever", () => {
	const { live, fire, newest, links } = page();
	live.start();
	const pauses: (number | undefined)[] = [];
	for (let time = 0; time < 8; time++) {
		newest().onclose?.();
		pauses.push(fire());
	}
	assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
	assert.ok(links.every((link) => link === "lost"));
});

test("once open again, the next loss is tried again at once", () => {
	const { live, fire, newest, links } = page();
	live.start();
	newest().onclose?.();
	fire();
	newest().onopen?.();
	newest().onclose?.();
	assert.equal(fire(), 500);
	assert.deepEqual(links, ["lost", "open", "lost"]);
});

test("a link that says nothing for longer than the hub ever does is dead, whatever the socket says", () => {
	const { live, fire, newest, links } = page();
	live.start();
	const socket = newest();
	socket.onopen?.();
	assert.equal(fire(), 25_000);
	assert.deepEqual(links, ["open", "lost"]);
	assert.ok(socket.closed);
});

test("a hidden tab asks for nothing and is not taken for dead; back in sight it asks for the full rate", () => {
	const { live, newest, waits } = page();
	live.start();
	newest().onopen?.();
	live.setRate(0);
	assert.deepEqual(waits(), []);
	live.setRate(10);
	assert.deepEqual(newest().sent, [
		{ type: "rate", hz: 0 },
		{ type: "rate", hz: 10 },
	]);
});

test("a tab that was hidden when the link came back says so to the new link", () => {
	const { live, fire, newest } = page();
	live.start();
	newest().onopen?.();
	live.setRate(0);
	newest().onclose?.();
	fire();
	newest().onopen?.();
	assert.deepEqual(newest().sent, [{ type: "rate", hz: 0 }]);
});

test("whoever is in a hurry waits for no pause", () => {
	const { live, newest, sockets } = page();
	live.start();
	live.hurry();
	assert.equal(sockets.length, 1);
	newest().onclose?.();
	live.hurry();
	assert.equal(sockets.length, 2);
});

test("a late word of an old socket changes nothing", () => {
	const { live, newest, links, sockets } = page();
	live.start();
	const old = newest();
	const close = old.onclose;
	old.onclose?.();
	live.hurry();
	close?.();
	assert.equal(sockets.length, 2);
	assert.deepEqual(links, ["lost"]);
});

test("what is stopped stays stopped", () => {
	const { live, newest, waits, links } = page();
	live.start();
	newest().onopen?.();
	live.stop();
	assert.deepEqual(waits(), []);
	assert.deepEqual(links, ["open"]);
});

test("what is no frame is no frame", () => {
	for (const nothing of ["", "{", "null", "[]", '{"type":"other"}', 7, null]) assert.equal(read(nothing), null);
	assert.equal(read('{"type":"delta","seq":1,"now":""}')?.type, "delta");
});

test("a machine that slept connects anew at once, and the old link's end is not waited for", () => {
	const { live, sockets, newest, links, waits } = page();
	live.start();
	newest().onopen?.();
	const old = newest();
	live.wake();
	assert.ok(old.closed);
	assert.equal(sockets.length, 2);
	newest().onopen?.();
	assert.deepEqual(links, ["open", "open"]);
	assert.equal(waits().length, 1);
	live.stop();
	live.wake();
	assert.equal(sockets.length, 2);
});

test("a machine that wakes while its page waits to try again waits no longer", () => {
	const { live, sockets, newest, waits } = page();
	live.start();
	newest().onclose?.();
	live.wake();
	assert.equal(sockets.length, 2);
	assert.deepEqual(waits(), [25_000]);
});
