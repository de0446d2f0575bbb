// What a reader is told of a message's signature, and where colleagues have their pages.
import { mount, unmount } from "svelte";
import { beforeEach, expect, test } from "vitest";
import type { Attestation, Signature } from "../src/api/vouching.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { timeFull } from "../src/lib/format.ts";
import { href, parse } from "../src/lib/router.ts";
import SignatureLine from "../src/views/mail/SignatureLine.svelte";

const dana = { id: "1".repeat(32), name: "Dana", address: "dana@example.org" };
const omar: Attestation = {
  colleague: { id: "2".repeat(32), name: "Omar", address: "omar@example.org" },
  how: "in-person",
  at: "2026-11-30T08:00:00Z",
  ends: null,
  standing: "in-force",
  note: null,
};
const valid: Signature = {
  state: "valid",
  signer: dana,
  at: "2026-11-30T08:00:00Z",
  timeDiffers: false,
  namesReader: true,
  filesChecked: true,
  vouchers: [omar],
};

beforeEach(() => languageUse("en"));

async function shown(signature: Signature): Promise<{ text: string; alert: boolean }> {
  const page = mount(SignatureLine, { target: document.body, props: { signature } });
  const line = document.querySelector("[data-testid=signature]");
  const text = (line?.textContent ?? "").replace(/[\u2066\u2068\u2069]/g, "").replace(/\s+/g, " ");
  const found = { text, alert: line?.getAttribute("role") === "alert" };
  await unmount(page);
  return found;
}

/** What a text says, without what isolates names in it. */
const bare = (text: string) => text.replace(/[\u2066\u2068\u2069]/g, "");
const day = timeFull(valid.at ?? "", "en");
const signer = "Dana <dana@example.org>";

test("a signature that fits says who signed and vouches, by name and address, and when", async () => {
  const { text, alert } = await shown(valid);
  expect(text).toContain(`Signed by ${signer} on ${bare(day)}`.replace(/\s+/g, " "));
  expect(text).toContain("vouched for by Omar <omar@example.org>");
  expect(text).not.toContain(en.signature.time);
  expect(text).not.toContain(en.signature.unnamed);
  expect(alert).toBe(false);
});

test("a name is not taken for the address that was signed", async () => {
  const eve = { ...dana, address: "eve@example.org" };
  const { text } = await shown({ ...valid, signer: eve });
  expect(text).toContain("Signed by Dana <eve@example.org>");
});

test("what came at another time, or as a blind copy, says so", async () => {
  const { text } = await shown({ ...valid, timeDiffers: true, namesReader: false });
  expect(text).toContain(en.signature.time);
  expect(text).toContain(en.signature.unnamed);
});

test("a message without a signature says so, and warns of nothing", async () => {
  const { text, alert } = await shown({ ...valid, state: "unsigned", signer: null, vouchers: [] });
  expect(text.trim()).toBe(en.signature.unsigned);
  expect(alert).toBe(false);
});

test.each(["ended", "expired", "key-changed", "doubtful", "forged"] as const)(
  "who no longer vouches is not named as one who does (%s)",
  async (standing) => {
    const { text } = await shown({ ...valid, vouchers: [{ ...omar, standing }] });
    expect(text).toContain(en.signature.nobody);
    expect(text).toContain(en.colleagues.standing[standing]);
    const isLie = standing === "forged" || standing === "doubtful";
    expect(text.includes(en.signature.doubt)).toBe(isLie);
  },
);

test.each([
  ["broken", en.signature.broken],
  ["missing", en.signature.missing],
  ["key-changed", en.signature.changed(signer)],
  ["earlier-key", en.signature.earlier(signer, day)],
  ["unknown-signer", en.signature.unknown(day)],
] as const)(
  "a signature that is %s is a warning and names nobody as a voucher",
  async (state, said) => {
    const { text, alert } = await shown({ ...valid, state });
    expect(text.trim()).toBe(bare(said).replace(/\s+/g, " "));
    expect(alert).toBe(true);
  },
);

test("the address of a colleague's page is opaque", () => {
  const route = { view: "colleagues", colleague: dana.id } as const;
  expect(href(route)).toBe(`/colleagues/${dana.id}`);
  expect(parse(href(route))).toEqual(route);
  expect(parse("/colleagues")).toEqual({ view: "colleagues", colleague: null });
  expect(parse("/colleagues/a/b")).toEqual({ view: "missing" });
});
