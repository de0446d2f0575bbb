import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { languageUse } from "./i18n/index.svelte.ts";
import { prefs, prefsRead, prefsShow } from "./state/prefs.svelte.ts";
import { session } from "./state/session.svelte.ts";

prefsRead();
prefsShow();
// Not awaited: whatever it waits for, there is a page that says so.
void session.start();
await languageUse(prefs.language);
const target = document.getElementById("app");
if (target !== null) {
  // Until now, start.js has watched over this.
  target.replaceChildren();
  mount(App, { target });
}
