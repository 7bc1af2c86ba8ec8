import { mount } from "svelte";
import App from "./App.svelte";
import "./tokens.css";
import "./page.css";

const place = document.getElementById("page");
if (place !== null) mount(App, { target: place });
