// Before the first paint: the theme and the language the reader chose here last, else what the system says.
// Plain old script on purpose: it blocks, so nothing flashes. `src/choice.svelte.ts` takes over from here.
(() => {
	const root = document.documentElement;
	const kept = (name) => {
		try {
			return localStorage.getItem(name);
		} catch {
			return null; // storage is off: nothing is remembered, the page works
		}
	};
	const dark = matchMedia("(prefers-color-scheme: dark)").matches;
	const theme = kept("theme");
	root.dataset.theme = theme === "light" || theme === "dark" ? theme : dark ? "dark" : "light";
	const language = kept("language") ?? (navigator.language || "fr").slice(0, 2);
	root.lang = language === "fr" ? "fr" : "en";
	// Where the hub has written the story into the page (hub/web/opening.py), it is painted before the program runs:
	// that takes a phone longer than to paint. A page that nobody looks at is never painted, and begins all the same.
	// The hub knows what the browser asks for, not what the reader chose here: the other language lies beside it.
	const begin = () => {
		for (const link of document.querySelectorAll("link[data-program]")) {
			const program = document.createElement("script");
			program.type = "module";
			program.src = link.href;
			link.replaceWith(program);
		}
	};
	addEventListener("DOMContentLoaded", () => {
		const story = document.querySelector(".opening");
		const other = document.querySelector("#page > template");
		if (other && story && story.lang !== root.lang) story.replaceWith(other.content);
		if (document.hidden) begin();
		else requestAnimationFrame(() => setTimeout(begin));
	});
})();
