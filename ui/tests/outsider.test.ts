/** P-33, P-35, P-37, D1: an outside recipient's pages, rendered here with simulated answers. */
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Pickup } from "../src/api/pickup.ts";
import type { Item } from "../src/api/types.ts";
import en from "../src/i18n/en.ts";
import { language, languageUse } from "../src/i18n/index.svelte.ts";
import { mail } from "../src/state/mail.svelte.ts";
import { go } from "../src/state/route.svelte.ts";
import { session } from "../src/state/session.svelte.ts";
import OpenPages from "../src/views/open/OpenPages.svelte";
import { toasts } from "../src/state/toasts.svelte.ts";
import Cards from "../src/views/portal/Cards.svelte";
import Portal from "../src/views/portal/Portal.svelte";
import { fromLike, itemLike } from "./fixtures.ts";

const REFERENCE = "01KAN-5Q7DC-8E2XV-M9T4H";
const pickup: Pickup = {
  organisation: "Example Organisation",
  state: "waiting",
  from: { name: "Dana Levi", address: "dana@example.org" },
  reference: REFERENCE,
  sentAt: "2026-11-22T10:00:00Z",
  until: "2026-12-04T18:00:00Z",
  waiting: 1,
  loginName: "visitor-1",
  handOff: "claim",
  phone: null,
  sponsor: "Dana Levi",
  language: null,
};
const signedIn = {
  token: "tok",
  session: { id: "s1" },
  account: { id: "t1", name: "visitor-1", kind: "temporary" },
  lastSignIn: null,
};

interface Call {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}
type Answer = [status: number, body: unknown, headers?: Record<string, string>];

const calls: Call[] = [];
let answers: Record<string, Answer>;
let reachable = true;
let page: Record<string, unknown> | null = null;

beforeEach(async () => {
  calls.length = 0;
  answers = {};
  await languageUse("en");
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    const method = init.method ?? "GET";
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : null;
    calls.push({ method, path: url.pathname, headers: new Headers(init.headers), body });
    if (!reachable) throw new TypeError("Failed to fetch");
    const [status, value, headers] = answers[`${method} ${url.pathname}`] ?? [404, { code: "?" }];
    return new Response(JSON.stringify(value), {
      status,
      headers: { "Content-Type": "application/json", ...headers },
    });
  });
});

afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  session.ended();
  session.online = reachable = true;
  vi.restoreAllMocks();
  mail.reset();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const text = (id: string) => find(id)?.textContent?.trim();

async function visit(given: Partial<Pickup> | null) {
  if (given !== null) answers["GET /api/pickup/TOKEN"] = [200, { ...pickup, ...given }];
  go({ view: "pickup", token: "TOKEN" });
  page = mount(OpenPages, { target: document.body });
  await vi.waitFor(() => expect(find("pickup-state")?.dataset["state"]).not.toBe("loading"));
}

async function type(id: string, value: string) {
  const input = find(id) as HTMLInputElement;
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await tick();
}

function submit() {
  const form = find("pickup-submit")?.closest("form");
  form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
}

test("following the link shows the sender, the number and the deadline, and changes nothing", async () => {
  await visit({});
  expect(text("pickup-from")).toContain("Dana Levi sent you 1 message");
  expect(text("pickup-from")).toContain("dana@example.org");
  expect(text("pickup-reference")).toBe(REFERENCE);
  expect(text("pickup-until")).toMatch(/Dec (4|5), 2026/);
  expect(text("pickup-name")).toBe("visitor-1");
  // Browsers keep titles: this one does not say who wrote.
  expect(document.title).toBe(`${en.pickup.signIn} · ${pickup.organisation}`);
  expect(calls.map(({ method }) => method)).toEqual(["GET"]);
  expect(calls[0]?.headers.has("DPoP")).toBe(false);
});

test("one field and one submit sign in, and store nothing in the browser", async () => {
  answers["POST /api/session"] = [200, signedIn];
  await visit({});
  expect(document.querySelectorAll("form input:not([readonly])")).toHaveLength(1);
  expect(text("pickup-submit")).toBe(en.pickup.read);
  await type("pickup-password", " ONE-time. ");
  submit();
  await vi.waitFor(() => expect(session.status).toBe("in"));
  // The server reads any spelling.
  expect(calls.at(-1)?.body).toEqual({
    name: "visitor-1",
    password: " ONE-time. ",
    profile: "shared",
  });
  expect(sessionStorage.length).toBe(0);
  await vi.waitFor(() => expect(location.pathname).toBe("/mail/inbox"));
});

test("who comes back is told neither a count of none nor of a way that does not exist", async () => {
  await visit({ state: "claimed", waiting: 0, sponsor: "Omar" });
  expect(text("pickup-from")).toContain(en.pickup.back("Dana Levi"));
  expect(text("pickup-from")).not.toContain("0 messages");
  // All of them may have been rejected, and then none is there.
  expect(text("pickup-from")).not.toMatch(/messages.* are here/);
  expect(text("access")).toContain(en.pickup.access.own("Omar"));
  expect(en.portal.renewal("Dana Levi")).not.toContain("password");
});

const asked: [string, Partial<Pickup>, "text" | "password"][] = [
  ["a passphrase of one's own", { state: "claimed" }, "password"],
  ["a passphrase of one's own", { state: "claimed", handOff: "by-sender" }, "password"],
  ["the password in the mail", { handOff: "in-mail" }, "password"],
  ["what the sender told", { handOff: "by-sender" }, "text"],
  ["a one-time password", {}, "text"],
  ["another one-time password", { state: "visited" }, "text"],
];

test.each(asked)("the page asks for %s", async (_, given, kind) => {
  await visit(given);
  expect(find("pickup-password")?.getAttribute("type")).toBe(kind);
  // A password manager is offered what stays valid, and nothing else.
  const manager = document.querySelector("input[autocomplete=username]");
  expect(manager !== null).toBe(kind === "password");
});

test.each(["claim", "by-sender"] as const)(
  "who finds that a password was used is told so, and whom to tell (%s)",
  async (handOff) => {
    await visit({ state: "visited", handOff, sponsor: "Omar" });
    expect(document.body.textContent).toContain(en.pickup.hint.visited("Omar"));
    expect(find("access-form")).not.toBeNull();
  },
);

const wanted: [Partial<Pickup>, [number, unknown], string][] = [
  [{ state: "visited" }, [202, { to: "notification" }], en.pickup.access.sent("visitor-1")],
  [{ state: "claimed" }, [202, { to: "sponsor" }], en.pickup.access.told("Dana Levi")],
  [
    { state: "visited", handOff: "by-sender" },
    [202, { to: "sponsor" }],
    en.pickup.access.told("Dana Levi"),
  ],
];

test.each(wanted)(
  "who cannot get in asks, and is told what was done: %j",
  async (given, answer, said) => {
    answers["POST /api/pickup/TOKEN/access"] = answer;
    await visit(given);
    await type("access-address", " visitor@outside.example ");
    find("access-submit")
      ?.closest("form")
      ?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await vi.waitFor(() => expect(text("access-done")).toBe(said));
    expect(calls.at(-1)?.body).toEqual({ address: "visitor@outside.example" });
    answers["POST /api/pickup/TOKEN/access"] = [409, { code: "asked-often" }];
    await type("access-address", "visitor@outside.example");
    find("access-submit")
      ?.closest("form")
      ?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await vi.waitFor(() => expect(text("access-form-problem")).toBe(en.pickup.access.often));
    expect(text("access-done")).toBe("");
  },
);

test("if the sender has the password, the page says so", async () => {
  await visit({ handOff: "by-sender" });
  expect(document.body.textContent).toContain(en.pickup.hint.fromSender("Dana Levi"));
});

test("too many wrong passwords: the page says how long to wait", async () => {
  const slow: Answer = [429, { code: "slow-down" }, { "Retry-After": "45" }];
  answers["POST /api/session"] = slow;
  await visit({ state: "claimed" });
  await type("pickup-password", "wrong");
  submit();
  await vi.waitFor(() => expect(text("pickup-error")).toContain("45 seconds"));
});

test.each([
  ["visited", en.pickup.nowVisited, "text"],
  ["claimed", en.pickup.nowClaimed, "password"],
] as const)("used meanwhile: the page says so (%s)", async (state, said, kind) => {
  answers["POST /api/session"] = [401, { code: "bad-credentials" }];
  await visit({});
  await type("pickup-password", "one-time");
  answers["GET /api/pickup/TOKEN"] = [200, { ...pickup, state }];
  submit();
  await vi.waitFor(() => expect(text("pickup-error")).toBe(said));
  expect(find("pickup-password")?.getAttribute("type")).toBe(kind);
});

test.each(["expired", "revoked"] as const)(
  "%s is explained, and the page can ask for a renewal",
  async (state) => {
    answers["POST /api/pickup/TOKEN/ask"] = [202, undefined];
    await visit({ state });
    expect(find("pickup-state")?.dataset["state"]).toBe(state);
    expect(text("pickup-reference")).toBe(REFERENCE);
    expect(find("pickup-password")).toBeNull();
    find("pickup-ask")?.click();
    await vi.waitFor(() => expect(text("pickup-asked")).toBe(en.pickup.asked("Dana Levi")));
    expect(calls.at(-1)?.headers.has("DPoP")).toBe(false);
  },
);

test("asked again on the same day, the page says that nothing was passed on", async () => {
  answers["POST /api/pickup/TOKEN/ask"] = [409, { code: "asked-lately" }];
  await visit({ state: "expired" });
  find("pickup-ask")?.click();
  await vi.waitFor(() => expect(text("pickup-asked")).toBe(en.pickup.askedLately("Dana Levi")));
});

test("renewed while the page was open: asking brings the form back", async () => {
  answers["POST /api/pickup/TOKEN/ask"] = [409, { code: "still-there" }];
  await visit({ state: "expired" });
  answers["GET /api/pickup/TOKEN"] = [200, { ...pickup, state: "claimed" }];
  find("pickup-ask")?.click();
  await vi.waitFor(() => expect(find("pickup-password")).not.toBeNull());
});

test("an unknown link shows a page, not a bare 404", async () => {
  await visit(null);
  expect(find("pickup-state")?.dataset["state"]).toBe("unknown");
  expect(document.querySelector("h1")?.textContent).toBe(en.pickup.unknown);
});

test('"this is not for me" says what to do and sends nothing', async () => {
  await visit({});
  find("pickup-not-mine")?.querySelector("summary")?.click();
  await tick();
  expect(text("pickup-not-mine")).toContain(en.pickup.notMineLead);
  expect(calls).toHaveLength(1);
});

test("the page uses the language set for the recipient, until the recipient chooses one", async () => {
  await visit({ language: "he" });
  await vi.waitFor(() => expect(document.documentElement.dir).toBe("rtl"));
  find("language-en")?.click();
  await vi.waitFor(() => expect(language()).toBe("en"));
  // Reading the state again keeps the recipient's choice.
  answers["POST /api/session"] = [401, { code: "bad-credentials" }];
  await type("pickup-password", "wrong");
  submit();
  await vi.waitFor(() => expect(text("pickup-error")).toBe(en.pickup.wrongOneTime));
  expect(language()).toBe("en");
});

test("verifying a reference number answers yes with a date, or no", async () => {
  answers[`GET /api/verify/${REFERENCE}`] = [200, { sent: true, at: "2026-11-22T10:00:00Z" }];
  answers["GET /api/verify/01KAN-5Q7DC-8E2XV-M9T4J"] = [200, { sent: false, at: null }];
  go({ view: "verify", reference: null });
  page = mount(OpenPages, { target: document.body });
  await tick();
  const check = async (typed: string) => {
    await type("verify-input", typed);
    find("verify-submit")
      ?.closest("form")
      ?.dispatchEvent(new Event("submit", { cancelable: true }));
  };
  await check("01kan5q7dc8e2xvm9t4h");
  await vi.waitFor(() => expect(text("verify-answer")).toMatch(/^Yes, we sent this on .*2026/));
  await check("01KAN-5Q7DC-8E2XV-M9T4J");
  await vi.waitFor(() => expect(text("verify-answer")).toBe(en.verify.no));
  await check("nonsense");
  await vi.waitFor(() => expect(text("verify-answer")).toBe(en.verify.form));
});

const item = (reference: string, opened: boolean): Item => {
  const from = fromLike({ name: "Dana Levi", address: "dana@example.org" });
  return itemLike({ reference, from, subject: reference, opened, unread: !opened });
};

const inbox = { id: "in", role: "inbox", name: "", total: 2, unread: 1, unopened: 1 };
const paged = { state: "1", total: 2, unread: 1, next: null };

test("what could not be loaded while offline is loaded when that is over", async () => {
  // Another tab has the event stream.
  const request = () => new Promise(() => undefined);
  vi.spyOn(navigator, "locks", "get").mockReturnValue({ request } as unknown as LockManager);
  session.status = "in";
  go({ view: "mail", mailbox: "inbox", reference: null });
  session.online = reachable = false;
  page = mount(Portal, { target: document.body });
  const asked = () => calls.filter(({ path }) => path === "/api/appearance").length;
  await vi.waitFor(() => expect(toasts.items).toHaveLength(1));
  // The list says itself that it failed; being offline has its bar.
  expect(toasts.items[0]?.text).toBe(en.mailSettings.notRead);
  expect([asked(), find("offline") !== null]).toEqual([1, true]);
  answers["GET /api/mailboxes"] = [200, { state: "1", items: [inbox] }];
  answers["GET /api/messages"] = [200, { ...paged, items: [item("NEW", false)] }];
  answers["GET /api/appearance"] = [200, { language: "de", searches: [], signature: "" }];
  reachable = true;
  dispatchEvent(new Event("online"));
  session.online = true;
  await vi.waitFor(() => expect(find("card")).not.toBeNull());
  await vi.waitFor(() => expect(language()).toBe("de"));
  expect([asked(), toasts.items]).toEqual([2, []]);
});

test("messages that could not be loaded while offline are loaded when that is over", async () => {
  answers["GET /api/mailboxes"] = [200, { state: "1", items: [inbox] }];
  await mail.start();
  session.online = reachable = false;
  page = mount(Cards, { target: document.body });
  await vi.waitFor(() => expect(mail.loads.get("in")).toBe("failed"));
  answers["GET /api/messages"] = [200, { ...paged, items: [item("NEW", false)] }];
  session.online = reachable = true;
  await vi.waitFor(() => expect(find("card")?.dataset["ref"]).toBe("NEW"));
});

test("the inbox shows cards with two buttons each, and opens no message by itself", async () => {
  const items = [item("NEW", false), item("OLD", true)];
  answers["GET /api/mailboxes"] = [200, { state: "1", items: [inbox] }];
  answers["GET /api/messages"] = [200, { ...paged, items }];
  await mail.start();
  page = mount(Cards, { target: document.body });
  await vi.waitFor(() => expect(find("card")).not.toBeNull());
  expect(document.querySelectorAll("[data-testid=card]")).toHaveLength(1);
  expect(find("card")?.dataset["ref"]).toBe("NEW");
  expect(find("card-open")?.className).toBe(find("card-reject")?.className);
  expect(text("card")).toContain(en.portal.told("Dana Levi"));
  expect(find("card-opened")?.dataset["ref"]).toBe("OLD");
  expect(calls.every(({ method }) => method === "GET")).toBe(true);
});

/** Shows the portal of who reads with a one-time password, after a message was opened. */
async function reading(canReturn: boolean) {
  // Another tab has the event stream.
  const request = () => new Promise(() => undefined);
  vi.spyOn(navigator, "locks", "get").mockReturnValue({ request } as unknown as LockManager);
  answers["GET /api/appearance"] = [200, { language: "en", searches: [], signature: "" }];
  answers["GET /api/mailboxes"] = [200, { state: "1", items: [inbox] }];
  answers["GET /api/messages"] = [200, { ...paged, items: [item("OLD", true)] }];
  const sponsor = { name: "Dana Levi", address: "dana@example.org" };
  const temporary = { expiresAt: pickup.until, sponsor, organisation: "Example", canReturn };
  answers["POST /api/session"] = [
    200,
    { ...signedIn, account: { ...signedIn.account, temporary } },
  ];
  await session.signIn("visitor-1", "one-time", "shared");
  go({ view: "mail", mailbox: "inbox", reference: null });
  page = mount(Portal, { target: document.body });
  await vi.waitFor(() => expect(find("card-opened")).not.toBeNull());
}

test("who has read is offered a passphrase to come back with", async () => {
  answers["POST /api/account/passphrase"] = [204, null];
  await reading(false);
  await type("come-back-passphrase", "four quiet herons");
  find("come-back-submit")
    ?.closest("form")
    ?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await vi.waitFor(() => expect(find("come-back")).toBeNull());
  const sent = calls.find(({ path }) => path === "/api/account/passphrase");
  expect(sent?.body).toEqual({ passphrase: "four quiet herons" });
  expect(toasts.items.map((one) => one.text)).toEqual([en.portal.comeBack.saved]);
});

test("the offer can be skipped, and comes once more on leaving", async () => {
  answers["DELETE /api/session"] = [204, null];
  await reading(false);
  find("come-back-later")?.click();
  await vi.waitFor(() => expect(find("come-back")).toBeNull());
  find("sign-out")?.click();
  await vi.waitFor(() => expect(find("leaving")).not.toBeNull());
  expect(session.status).toBe("in");
  find("sign-out-without")?.click();
  await vi.waitFor(() => expect(session.status).toBe("out"));
});

test("a choice whose answer was lost is not called a failure", async () => {
  answers["POST /api/account/passphrase"] = [409, { code: "passphrase-chosen" }];
  await reading(false);
  await type("come-back-passphrase", "four quiet herons");
  find("come-back-submit")
    ?.closest("form")
    ?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await vi.waitFor(() => expect(find("come-back")).toBeNull());
  expect(toasts.items.map((one) => one.text)).toEqual([en.problems["passphrase-chosen"]]);
  await vi.waitFor(() => expect(document.activeElement?.id).toBe("main"));
});

test("who can come back is not asked", async () => {
  answers["DELETE /api/session"] = [204, null];
  await reading(true);
  expect(find("come-back")).toBeNull();
  find("sign-out")?.click();
  await vi.waitFor(() => expect(session.status).toBe("out"));
});

test("what was sent from here is listed, with its recipients", async () => {
  await reading(true);
  const outbox = { ...inbox, id: "out", role: "sent" };
  answers["GET /api/mailboxes"] = [200, { state: "2", items: [inbox, outbox] }];
  const sent = { ...item("MINE", true), sent: true, recipients: ["dana@example.org"] };
  answers["GET /api/messages"] = [200, { ...paged, items: [sent] }];
  await mail.boxesRead();
  go({ view: "mail", mailbox: "sent", reference: null });
  await vi.waitFor(() => expect(find("card-sent")?.dataset["ref"]).toBe("MINE"));
  expect(text("card-sent")).toContain(en.portal.sentTo("dana@example.org"));
  expect(find("card-sent-read")?.getAttribute("href")).toBe("/mail/sent/MINE");
});

test("P-67: an outsider asks to join a room, and sees the rooms that admitted it; nothing else of chat", async () => {
  await reading(true);
  answers["GET /api/rooms"] = [200, { items: [], asked: [] }];
  find("portal-chat")?.click();
  go({ view: "chat", id: null });
  // The pages of chat are loaded when they are wanted.
  const loads = { timeout: 10_000 };
  await vi.waitFor(() => expect(find("begin-ask")).not.toBeNull(), loads);
  expect([find("begin-with"), find("begin-room")]).toEqual([null, null]);
  const room = {
    ...{ id: REFERENCE, kind: "room", name: "Plans", other: null, version: 1, first: 1, last: 3 },
    ...{ sharesEarlier: false, controller: false, read: 1, unread: 2, requests: 0 },
    ...{ shows: true, mutes: false },
  };
  answers["GET /api/rooms"] = [200, { items: [room], asked: [] }];
  dispatchEvent(new CustomEvent("chat"));
  await vi.waitFor(() => expect(text("room")).toContain("Plans"), loads);
  expect(document.title).toContain(en.chat.title);
  expect(document.title).not.toContain("Plans");
}, 30_000);
