import { mount } from "svelte";
import App from "./App.svelte";
import { choice, learn } from "./choice.svelte.ts";
import { hub } from "./hub.svelte.ts";
import { later } from "./later.ts";
import { opening } from "./lib/opening.ts";
import { patiently } from "./lib/patiently.ts";
import { pageAt } from "./lib/route.ts";
import "./tokens.css";
import "./page.css";
import "./opening.css";

// the styles of a part that did not come: who asks for the part again would take their element, which stands there, for them
const AGAIN_MS = 1000;
const styled = ({ target }: Event) => {
	if (target instanceof HTMLLinkElement) setTimeout(() => target.replaceWith(target.cloneNode()), AGAIN_MS);
};
addEventListener("error", styled, true);
const place = document.getElementById("page");
// the words and a page of its own come side by side; where it is shown, one that fails is asked for again
later(pageAt(location.pathname))?.().catch(() => undefined);
const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
const told = opening(document.getElementById("opening")?.textContent, visit?.type === "back_forward");
if (told !== null) hub.open(told, visit?.responseStart ?? 0);
// without words the page would stay blank
await patiently(() => learn(choice.language));
if (place !== null) {
	place.replaceChildren(); // what the hub wrote there is shown, and kept true, by the page itself from here on
	mount(App, { target: place });
}
