import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Puts `src/first.js` into the head as a file of its own: it sets theme and language before the first paint,
 * and a strict Content-Security-Policy allows no inline script. */
function firstScript(): Plugin {
	const source = readFileSync(new URL("./src/first.js", import.meta.url), "utf-8");
	const name = `assets/first-${createHash("sha256").update(source).digest("hex").slice(0, 8)}.js`;
	let serving = false;
	return {
		name: "first-script",
		configResolved: (config) => {
			serving = config.command === "serve";
		},
		generateBundle() {
			this.emitFile({ type: "asset", fileName: name, source });
		},
		transformIndexHtml: () => [
			{ tag: "script", attrs: { src: serving ? "/src/first.js" : `/${name}` }, injectTo: "head" },
		],
	};
}

/** Writes `x.gz` beside each `x`, so that the server compresses nothing while people wait. */
function precompress(): Plugin {
	let out = "";
	return {
		name: "precompress",
		apply: "build",
		configResolved: (config) => {
			out = resolve(config.root, config.build.outDir);
		},
		closeBundle() {
			for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
				const path = join(entry.parentPath, entry.name);
				if (entry.isFile() && /\.(html|js|css|svg)$/.test(path)) {
					writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
				}
			}
		},
	};
}

/** What the first page is made of, whoever else needs it too, is one file of script and one of style: a phone pays for
 * each file more than for what is in it. */
function inFirst(entry: string) {
	let all: Set<string> | undefined;
	return (id: string, graph: { getModuleInfo(id: string): { importedIds: string[] } | null }) => {
		all ??= reached([entry], (each) => graph.getModuleInfo(each)?.importedIds ?? []);
		return all.has(id) || id.startsWith("\0rolldown/runtime") ? "first" : null;
	};
}

function reached(from: string[], next: (id: string) => string[]): Set<string> {
	const found = new Set(from);
	for (const id of found) for (const each of next(id)) found.add(each);
	return found;
}

export default defineConfig({
	base: "/",
	publicDir: false,
	build: {
		outDir: "../hub/web/static",
		emptyOutDir: true,
		target: "es2022",
		modulePreload: { polyfill: false },
		assetsInlineLimit: 0,
		rolldownOptions: {
			output: {
				codeSplitting: { groups: [{ debugName: "first", name: inFirst(resolve(import.meta.dirname, "src/main.ts")) }] },
			},
		},
	},
	plugins: [svelte(), firstScript(), precompress()],
});
