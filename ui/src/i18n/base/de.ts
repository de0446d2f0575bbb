// The words that everybody meets, by page; they are one chunk.
import { frame } from "../frame/de.ts";
import { mail } from "../mail/de.ts";
import { outside } from "../outside/de.ts";
import { settings } from "../settings/de.ts";
import { writing } from "../writing/de.ts";

export default { ...frame, ...mail, ...writing, ...settings, ...outside };
