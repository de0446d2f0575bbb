// The host names that a text shows to its reader: in addresses of pages and of mail, or bare.
// A sender chooses the text and its length, and a click must not wait for it: each pattern that
// looks through a text is one repeated class, which takes linear time.

/** What addresses are written with. All else parts words, so that no symbol hides a host. */
const WORD = /[\p{L}\p{M}\p{N}._~:/?#@!$&*+,;=%\\-]+/gu;
const NAME = /[\p{L}\p{M}\p{N}_.+-]+/gu;
const LAST_LABEL = /^\p{L}[\p{L}\p{M}\p{N}-]+$/u;
const IP = /^\d{1,3}(?:\.\d{1,3}){3}$/u;
/** RFC 1035 §2.3.4. The start of a longer name tells enough, and is encoded in no time. */
const HOST_LENGTH_MAX = 253;

/** A bare name with such an ending is a file rather than a host. */
const FILES = new Set(
  (
    "pdf doc docx xls xlsx ppt pptx odt ods odp txt csv htm html css php aspx jsp xml json " +
    "png jpg jpeg gif svg webp zip gz ics vcf eml js ts py rs md exe"
  ).split(" "),
);
/** Endings that readers know as those of hosts, besides the two characters of a country. */
const ENDINGS = new Set(
  (
    "com net org info biz edu gov mil int bank app dev online shop store site xyz cloud club " +
    "page live pro top web tech email support finance insurance example test"
  ).split(" "),
);

/** Returns the hosts that a text names, as DNS knows them. */
export function hostsIn(text: string): string[] {
  return hostsNamed(text).map(({ host }) => host);
}

/**
 * Returns the host that a text is if its white space is not seen. Sentences become names that way
 * as well ("Read on. Or not"), so only a whole text with a well-known ending is one.
 */
export function hostSpaced(text: string): string[] {
  const found = hostsNamed(text.replace(/\s/gu, "")).filter(({ written }) => {
    const last = endingOf(written);
    return isKnown(written) && (last === last.toLowerCase() || written === written.toUpperCase());
  });
  return found.map(({ host }) => host);
}

/** Returns a host in the form that the URLs of pages have. */
export function asDns(host: string): string | null {
  try {
    return withoutRoot(new URL(["https:", "", host, ""].join("/")).hostname);
  } catch {
    return null;
  }
}

/** The dot of the root, at the end of a name, changes nothing. */
export function withoutRoot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

interface Named {
  written: string;
  host: string;
}

function hostsNamed(text: string): Named[] {
  // Characters without width would hide a host from us, and not from the reader.
  const plain = text.normalize("NFKC").replace(/[\p{Cf}\u034f]/gu, "");
  const words = plain.match(WORD) ?? [];
  const isAlone = words.filter((word) => /[\p{L}\p{N}]/u.test(word)).length === 1;
  return words
    .flatMap((word) => namesIn(word, isAlone))
    .map((written) => ({ written, host: asDns(written) ?? written.toLowerCase() }));
}

/** Reads a word up to the path of an address: what follows there is no host. */
function namesIn(word: string, isAlone: boolean): string[] {
  const found: string[] = [];
  let end = 0;
  let hasScheme = false;
  for (const { 0: run, index } of word.matchAll(NAME)) {
    const between = word.slice(end, index);
    if (found.length > 0 && /[/?#\\]/u.test(between)) break;
    end = index + run.length;
    hasScheme ||= /[/\\]{2}$/u.test(between.slice(-2));
    const hasAddress = hasScheme || between.endsWith("@");
    // What stands before an @ is read as a host after a scheme, and as a person in mail.
    const isPerson = word[end] === "@";
    for (const name of run.split("+").flatMap(nameOf))
      if (hasAddress || isWww(name) || (!isPerson && isBare(name, isAlone))) found.push(name);
  }
  return found;
}

/** Returns the name within a run of labels, without what cannot end one: `bank.example.2_`. */
function nameOf(run: string): string[] {
  const labels = run.split(".").filter((label) => label !== "");
  if (IP.test(labels.join("."))) return [labels.join(".")];
  const trimmed = labels.map((label) => label.replace(/^[-_]/u, "").replace(/[-_]$/u, ""));
  const last = trimmed.findLastIndex((label) => LAST_LABEL.test(label));
  return last < 1
    ? []
    : [
        trimmed
          .slice(0, last + 1)
          .join(".")
          .slice(0, HOST_LENGTH_MAX),
      ];
}

function isWww(name: string): boolean {
  return /^www\./iu.test(name);
}

/** Whether a name without scheme or `www.` is read as a host. */
function isBare(name: string, isAlone: boolean): boolean {
  const last = endingOf(name);
  if (FILES.has(last.toLowerCase())) return false;
  if (isAlone || isKnown(name)) return true;
  // "End.Then": a space is missing. "t.ex": an abbreviation.
  return last === last.toLowerCase() && !IP.test(name) && hasLongName(name);
}

function isKnown(name: string): boolean {
  const last = endingOf(name).toLowerCase();
  return ENDINGS.has(last) || (/^[a-z]{2}$/u.test(last) && hasLongName(name));
}

function hasLongName(name: string): boolean {
  return (name.split(".").at(-2) ?? "").length > 1;
}

function endingOf(name: string): string {
  return name.split(".").at(-1) ?? "";
}
