// The words that everybody meets, by page; they are one chunk.
import { frame } from "../frame/es.ts";
import { mail } from "../mail/es.ts";
import { outside } from "../outside/es.ts";
import { settings } from "../settings/es.ts";
import { writing } from "../writing/es.ts";

export default { ...frame, ...mail, ...writing, ...settings, ...outside };
