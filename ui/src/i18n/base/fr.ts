// The words that everybody meets, by page; they are one chunk.
import { frame } from "../frame/fr.ts";
import { mail } from "../mail/fr.ts";
import { outside } from "../outside/fr.ts";
import { settings } from "../settings/fr.ts";
import { writing } from "../writing/fr.ts";

export default { ...frame, ...mail, ...writing, ...settings, ...outside };
