import { mount } from "svelte";
import App from "./App.svelte";
import { choice, learn } from "./choice.svelte.ts";
import "./tokens.css";
import "./page.css";

const place = document.getElementById("page");
await learn(choice.language);
if (place !== null) mount(App, { target: place });
