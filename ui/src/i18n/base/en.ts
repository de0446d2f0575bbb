// The words that everybody meets, by page; they are one chunk. Other languages `satisfy` the shape of
// the English parts, so a missing or extra entry does not compile.
import { frame } from "../frame/en.ts";
import { mail } from "../mail/en.ts";
import { outside } from "../outside/en.ts";
import { settings } from "../settings/en.ts";
import { writing } from "../writing/en.ts";

export default { ...frame, ...mail, ...writing, ...settings, ...outside };
