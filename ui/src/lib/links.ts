// Links whose text names another host than the one they lead to. Readers judge a link by its text,
// and on a touch screen nothing else is to be seen.
import { asDns, hostsIn, hostSpaced, withoutRoot } from "./hosts.ts";

/** What a link shows, and where it leads: host names as DNS knows them. */
export interface Mismatch {
  shown: string;
  real: string;
}

/** Hosts below which strangers have theirs: those of the common services, and of countries. */
const SHARED = new Set(
  (
    "amazonaws.com appspot.com azurewebsites.net blogspot.com cloudfront.net duckdns.org " +
    "firebaseapp.com fly.dev github.io gitlab.io glitch.me herokuapp.com myshopify.com " +
    "netlify.app ngrok.io ngrok-free.app onrender.com pages.dev r2.dev sharepoint.com " +
    "substack.com surge.sh tumblr.com vercel.app web.app weebly.com windows.net wixsite.com " +
    "wordpress.com workers.dev"
  ).split(" "),
);
const SHARED_COUNTRY =
  /^(?:ac|co|com|edu|go|gob|gouv|gov|ltd|me|ne|net|nom|or|org|plc|sch)\.[a-z]{2}$/u;

/** Returns the hosts of a link that a reader of one of its texts could take for another, or null. */
export function mismatch(texts: string[], address: string): Mismatch | null {
  const to = parsed(address);
  if (to === null) return null;
  const real = to.protocol === "mailto:" ? domainOf(to.pathname) : withoutRoot(to.hostname);
  if (real === null || real === "") return null;
  // www.bank.example@evil.example leads to the second one.
  const user = [to.username, to.password].flatMap((part) => hostsIn(decoded(part)));
  const shown = [...texts.flatMap(hostsShown), ...user].find((host) => !isSame(host, real));
  return shown === undefined ? null : { shown, real };
}

/**
 * Returns the ways in which a link of a message may be read.
 *
 * The sender's styles decide what is seen of a link, and in which order. So its text is read as the
 * browser lays it out and as it is written, and each piece of it by itself: the next one may be too
 * small to be seen. An image that is not shown leaves its description.
 */
export function textsOf(link: HTMLElement): string[] {
  const pieces = piecesOf(link);
  const texts = [link.innerText, pieces.join("\n"), written(pieces), ...pieces];
  const isTurned = link.closest("bdo") !== null || link.querySelector("bdo") !== null;
  return [...new Set(isTurned ? [...texts, ...texts.map(turned)] : texts)];
}

/** A piece that starts with a capital may be a paragraph, with the end of a sentence before it. */
function written(pieces: string[]): string {
  return pieces.map((piece) => (/^\p{Ll}/u.test(piece) ? piece : `\n${piece}`)).join("");
}

function piecesOf(link: HTMLElement): string[] {
  const walker = link.ownerDocument.createTreeWalker(link, NodeFilter.SHOW_ALL);
  const pieces: string[] = [];
  while (walker.nextNode()) pieces.push(pieceOf(walker.currentNode));
  return pieces.filter((piece) => piece.trim() !== "");
}

/** A description is a sentence of its own: the space keeps it from the word before. */
function pieceOf(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE) return node.nodeValue ?? "";
  return node.nodeName === "IMG" ? ` ${(node as HTMLImageElement).alt}` : "";
}

function hostsShown(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  // Parts that float are lines for us and one word for the reader, those at the right in reverse.
  const joined = lines.join("\n").replaceAll("\n.", ".");
  const spaced = /\s/u.test(text) ? [text, lines.reverse().join("")].flatMap(hostSpaced) : [];
  const overridden = /[\u202d\u202e]/u.test(text) ? hostsIn(turned(text)) : [];
  return [...hostsIn(joined), ...spaced, ...overridden];
}

function turned(text: string): string {
  return [...text].reverse().join("");
}

function domainOf(path: string): string | null {
  const address = decoded(path).split(",")[0] ?? "";
  return asDns(address.split("@").at(-1) ?? "");
}

/** Whether one of two hosts is the other, or below it and of one owner. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map(withoutWww) as [string, string];
  return a === b || isBelow(a, b) || isBelow(b, a);
}

function isBelow(host: string, above: string): boolean {
  const isShared = !above.includes(".") || SHARED.has(above) || SHARED_COUNTRY.test(above);
  return !isShared && host.endsWith(`.${above}`);
}

/** `www.example` is a host of its own. */
function withoutWww(host: string): string {
  return /^www\.[^.]+\./u.test(host) ? host.slice("www.".length) : host;
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
