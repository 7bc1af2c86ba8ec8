import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default ts.config(
	{ ignores: ["node_modules"] },
	js.configs.recommended,
	...ts.configs.strict,
	...svelte.configs.recommended,
	{
		// names are TypeScript's business: it knows the browser's
		rules: { "no-undef": "off", eqeqeq: "error", "no-console": "error" },
	},
	{
		files: ["**/*.svelte", "**/*.svelte.ts"],
		languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
		rules: {
			// the page has five addresses of its own and no SvelteKit
			"svelte/no-navigation-without-resolve": "off",
			// maps here are never changed in place: frames.ts makes new ones
			"svelte/prefer-svelte-reactivity": "off",
		},
	},
);
