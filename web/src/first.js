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
})();
