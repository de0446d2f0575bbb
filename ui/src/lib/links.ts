// Links whose text names another host than the one they lead to. Readers judge a link by its text,
// and on a touch screen nothing else is to be seen.

/** What a link shows, and where it leads: host names as DNS knows them. */
export interface Mismatch {
  shown: string;
  real: string;
}

/** A bare name with such an ending is a file rather than a host. */
const FILES =
  /\.(?:pdf|docx?|xlsx?|pptx?|od[tsp]|txt|csv|html?|png|jpe?g|gif|svg|zip|gz|ics|vcf|eml|js|ts|py|rs|md)$/iu;
const HOST = /^(?:[\p{L}\p{M}\p{N}_-]+\.)+\p{L}[\p{L}\p{M}\p{N}-]+$/u;

/** Returns the hosts of a link that its reader could take for another one, or null. */
export function mismatch(text: string, address: string): Mismatch | null {
  const to = parsed(address);
  if (to === null) return null;
  const real = to.protocol === "mailto:" ? domainOf(to.pathname) : to.hostname;
  if (real === null || real === "") return null;
  // www.bank.example@evil.example leads to the second one.
  const named = [...hostsIn(text), ...hostsIn(decoded(to.username))];
  const shown = named.find((host) => !isSame(host, real));
  return shown === undefined ? null : { shown, real };
}

/** Returns the hosts that a text names: in addresses of pages and of mail, or alone. */
function hostsIn(text: string): string[] {
  // Characters without width would hide a host from us, and not from the reader.
  const plain = text.normalize("NFKC").replace(/[\p{Cf}\u034f]/gu, "");
  const words = plain.split(/[\s<>()[\]{}"'“”‘’«»]+/u).filter((word) => word !== "");
  return words.flatMap(
    (word) => hostIn(word.replace(/[.,;:!?…]+$/u, ""), words.length === 1) ?? [],
  );
}

function hostIn(word: string, isAlone: boolean): string | null {
  const [, scheme, rest = ""] = /^([a-z]+:\/\/)?([^/?#\\]*)/iu.exec(word) ?? [];
  const start = rest.split("@")[0] ?? "";
  // What stands before an @ is read as a host after a scheme, and as a person in mail.
  const host = (scheme ? start : (rest.split("@").at(-1) ?? "")).replace(/:\d*$/u, "");
  const isClear = scheme !== undefined || /^www\./iu.test(host) || rest.includes("@");
  if (!HOST.test(host) || (!isClear && (!isAlone || FILES.test(host)))) return null;
  return asDns(host);
}

function domainOf(path: string): string | null {
  const address = decoded(path).split(",")[0] ?? "";
  return asDns(address.split("@").at(-1) ?? "");
}

/** Returns a host in the form that the URLs of pages have. */
function asDns(host: string): string | null {
  return parsed(["https:", "", host, ""].join("/"))?.hostname ?? null;
}

/** Whether one of two hosts is the other, or below it: then one owner answers for both. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((host) => host.replace(/^www\./u, "")) as [string, string];
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}

function parsed(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
