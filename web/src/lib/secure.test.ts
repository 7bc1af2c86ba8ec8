import assert from "node:assert/strict";
import { test } from "node:test";
import { ending, secureAt, systemOf } from "./secure.ts";

const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15";

test("a reader sees the steps of what is in the hand first", () => {
	assert.equal(systemOf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15", 5), "ios");
	assert.equal(systemOf(MAC, 5), "ios"); // an iPad that asks for desktop pages
	assert.equal(systemOf(MAC, 0), "macos");
	assert.equal(systemOf("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/140.0 Mobile Safari/537.36", 5), "android");
	assert.equal(systemOf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36", 0), "windows");
	assert.equal(systemOf("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", 0), "firefox");
	assert.equal(systemOf("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", 0), null);
});

test("the secure page keeps the name by which one came", () => {
	const urls = ["https://192.168.1.12:8443/", "https://matinales.local:8443/"];
	assert.equal(secureAt(urls, "matinales.local"), urls[1]);
	assert.equal(secureAt(urls, "10.0.0.5"), urls[0]);
	assert.equal(secureAt([], "10.0.0.5"), null);
});

test("of a fingerprint the end is compared", () => {
	assert.equal(ending("AA:BB:CC:DD:EE:FF"), "CC DD EE FF");
});
