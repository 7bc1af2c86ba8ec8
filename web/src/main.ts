import { mount } from "svelte";
import App from "./App.svelte";
import { choice, learn } from "./choice.svelte.ts";
import { later } from "./later.ts";
import { patiently } from "./lib/patiently.ts";
import { pageAt } from "./lib/route.ts";
import "./tokens.css";
import "./page.css";

const place = document.getElementById("page");
// the words and a page of its own come side by side; where it is shown, one that fails is asked for again
later(pageAt(location.pathname))?.().catch(() => undefined);
// without words the page would stay blank
await patiently(() => learn(choice.language));
if (place !== null) mount(App, { target: place });
