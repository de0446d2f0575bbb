// Whether the page is as narrow as a phone, where one pane is shown at a time; the styles say the
// same as `max-width: 719px`.
import { MediaQuery } from "svelte/reactivity";

export const narrow = new MediaQuery("max-width: 719px");
