import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { languageUse } from "./i18n/index.svelte.ts";
import { prefs, prefsRead, prefsShow } from "./state/prefs.svelte.ts";
import { session } from "./state/session.svelte.ts";

prefsRead();
prefsShow();
await Promise.all([languageUse(prefs.language), session.start()]);
const target = document.getElementById("app");
if (target !== null) mount(App, { target });
