// A role mailbox in place of the own mail: addresses name it, and requests for mail are about it.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bind, request } from "../src/api/client.ts";
import { keyPairNew } from "../src/api/dpop.ts";
import { href, parse } from "../src/lib/router.ts";
import { roles } from "../src/state/roles.svelte.ts";

const ID = "ab".repeat(16);
const inbox = { view: "mail", mailbox: "inbox", reference: null } as const;

let asked: { path: string; mailbox: string | null }[];
let items: object[];

beforeEach(async () => {
  [asked, items] = [[], []];
  const key = await keyPairNew();
  bind({
    signer: () => ({ token: "t", key }),
    signedOut: () => Promise.resolve(false),
    served: () => undefined,
    reached: () => undefined,
  });
  vi.stubGlobal("fetch", (url: URL, init: RequestInit) => {
    const mailbox = new Headers(init.headers).get("Postern-Mailbox");
    asked.push({ path: url.pathname, mailbox });
    return Promise.resolve(new Response(JSON.stringify({ items })));
  });
});

afterEach(() => {
  roles.enter("");
  roles.reset();
  vi.unstubAllGlobals();
});

test("an address names the mailbox that is shown, and the own mail none", () => {
  expect(href(inbox)).toBe("/mail/inbox");
  roles.enter(ID);
  expect(href(inbox)).toBe(`/role/${ID}/mail/inbox`);
  expect(href({ ...inbox, role: "" })).toBe("/mail/inbox");
  expect(href({ view: "groups", id: null })).toBe("/groups");
  expect(parse(`/role/${ID}/mail/sent/G7K2`)).toEqual({
    view: "mail",
    mailbox: "sent",
    reference: "G7K2",
    role: ID,
  });
  expect(parse(`/role/${ID}`)).toEqual({ ...inbox, role: ID });
  for (const wrong of [`/role/${ID}/groups`, "/role", `/role/${ID}/mail/a/b/c`])
    expect(parse(wrong)).toEqual({ view: "missing" });
});

test("requests for mail are about it, and others are not", async () => {
  roles.enter(ID);
  const paths = ["/api/messages/x/open", "/api/mailboxes", "/api/events"];
  const own = ["/api/appearance", "/api/groups", "/api/preferences", "/api/messagesx"];
  for (const path of [...paths, ...own]) await request("GET", path);
  expect(asked.map(({ mailbox }) => mailbox)).toEqual([ID, ID, ID, null, null, null, null]);
  roles.enter("");
  await request("GET", "/api/mailboxes");
  expect(asked.at(-1)?.mailbox).toBeNull();
});

test("who reads it no more is told so, and only managers destroy", async () => {
  const one = { id: ID, address: "info@example.org", opens: true, manages: false };
  items = [one];
  expect(await roles.isLost()).toBe(false);
  expect(roles.destroys).toBe(true);
  roles.enter(ID);
  expect(await roles.isLost()).toBe(false);
  expect([roles.current?.address, roles.destroys]).toEqual(["info@example.org", false]);
  items = [{ ...one, manages: true }];
  await roles.read();
  expect(roles.destroys).toBe(true);
  items = [];
  expect(await roles.isLost()).toBe(true);
});
