// The words that everybody meets, by page; they are one chunk.
import { frame } from "../frame/ar.ts";
import { mail } from "../mail/ar.ts";
import { outside } from "../outside/ar.ts";
import { settings } from "../settings/ar.ts";
import { writing } from "../writing/ar.ts";

export default { ...frame, ...mail, ...writing, ...settings, ...outside };
