// How a sender says that one can unsubscribe (RFC 2369 §3.2, RFC 6068).

export type WayOut =
  | { kind: "page"; host: string; address: string }
  | { kind: "message"; address: string; subject: string; text: string };

/** Picks a page, or else a message; null if there is neither. */
export function wayOut(ways: string[]): WayOut | null {
  const parsed = ways.map((way) => URL.parse(way)).filter((url) => url !== null);
  const page = parsed.find(({ protocol }) => protocol === "https:");
  if (page !== undefined) return { kind: "page", host: page.host, address: page.href };
  const message = parsed.find(({ protocol }) => protocol === "mailto:");
  if (message === undefined) return null;
  // In these addresses a plus sign is itself, and no blank.
  const fields = new URLSearchParams(message.search.replaceAll("+", "%2B"));
  const address = decoded(message.pathname);
  // One address: a list of them would be for somebody else.
  if (!/^[^\s@,]+@[^\s@,]+$/.test(address)) return null;
  const [subject, text] = [fields.get("subject") ?? "unsubscribe", fields.get("body") ?? ""];
  return { kind: "message", address, subject: subject.replace(/\s+/g, " "), text };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
