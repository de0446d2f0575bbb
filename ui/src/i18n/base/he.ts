// The words that everybody meets, by page; they are one chunk.
import { frame } from "../frame/he.ts";
import { mail } from "../mail/he.ts";
import { outside } from "../outside/he.ts";
import { settings } from "../settings/he.ts";
import { writing } from "../writing/he.ts";

export default { ...frame, ...mail, ...writing, ...settings, ...outside };
