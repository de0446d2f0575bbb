// Says what each recipient of a message will get, before it is sent.
import type { Check, Route } from "../../api/sending.ts";
import type { Addr } from "../../api/types.ts";
import type { Catalogue } from "../../i18n/en.ts";
import { listText } from "../../lib/format.ts";

/** From the one that the sender should know of first. */
const ORDER: Exclude<Route, "refused">[] = [
  "plain",
  "ask",
  "verified-tls",
  "temporary-account",
  "inside",
];
/** More names than these are counted. */
const NAMED_MAX = 3;

export function outcomeText(
  people: Addr[],
  checks: Record<string, Check>,
  words: Catalogue,
  language: string,
): string {
  const all = Object.values(checks);
  const nameOf = (address: string) =>
    people.find((one) => one.address === address)?.name ?? address;
  const said: string[] = [];
  // Who gets nothing is named by the chips, with the reason.
  if (all.some(isForbidden)) said.push(words.compose.outcomes.refused);
  else if (all.some(getsNothing)) said.push(words.compose.outcomes.notAll);
  for (const route of ORDER) {
    const reached = all.filter((check) => !getsNothing(check) && check.route === route);
    const names = reached.map(({ address }) => nameOf(address));
    if (names.length > 0)
      said.push(words.compose.gets[route](who(names, words, language), names.length));
  }
  return said.join(" ");
}

function who(names: string[], words: Catalogue, language: string): string {
  // Names of another direction must not reorder the sentence.
  const isolated = names.slice(0, NAMED_MAX).map((name) => `\u2068${name}\u2069`);
  const rest = names.length - isolated.length;
  return listText(rest > 0 ? [...isolated, words.compose.others(rest)] : isolated, language);
}

function getsNothing({ route, reason }: Check): boolean {
  return route === "refused" || reason !== null;
}

/** Whether it is the organisation that lets the message not go to a recipient. */
function isForbidden({ reason }: Check): boolean {
  return reason === "rules" || reason === "intranet";
}
