// Every screen, checked by axe in light, dark and forced colours, at 1280 and 320 px, in both writing
// directions;
// and, if SCREENS is set, saved as a screenshot for the documents.
import assert from "node:assert/strict";
import {
  accessible,
  arriving,
  base,
  deliver,
  kept,
  launch,
  message,
  noSidewaysScroll,
  ok,
  password,
  picture,
  problems,
  profile,
  search,
  soon,
  tool,
  tourSkip,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];
const domain = me.split("@")[1];

const MODES = [
  { name: "light", locale: "en-US", colorScheme: "light", width: 1280 },
  { name: "dark", locale: "en-US", colorScheme: "dark", width: 1280 },
  { name: "hebrew", locale: "he-IL", colorScheme: "light", width: 1280 },
  { name: "forced", locale: "en-US", colorScheme: "dark", forcedColors: "active", width: 1280 },
  { name: "phone", locale: "en-US", colorScheme: "light", width: 320 },
  { name: "phone-hebrew-dark", locale: "he-IL", colorScheme: "dark", width: 320 },
];

// Messages of every kind that the screens can show.
const from = (name, address, subject, body, headers) =>
  message(subject, body, headers).replace(
    "From: Rachel Stern <rachel@partner.example>",
    `From: ${name} <${address}>`,
  );
await deliver(me, from("Noa Peled", "noa@partner.example", "Photos from Friday", "Here they are."));
const html = [
  "MIME-Version: 1.0",
  "Content-Type: text/html; charset=utf-8",
].join("\r\n");
await deliver(
  me,
  from("Bulletin", "news@partner.example", "What is new in November",
    "<h1>November</h1><p>The <b>library</b> opens on Sundays.</p><blockquote>Said before.</blockquote>", html),
);
const first = await deliver(me, message("Plans for the pond", "Shall we meet on Tuesday at nine?"));
const second = await deliver(
  me,
  message(
    "Re: Plans for the pond",
    "Or on Wednesday, if that is better.\r\n\r\nOn Monday, Rachel Stern wrote:\r\n> Shall we meet on Tuesday at nine?",
    "In-Reply-To: <Plans-for-the-pond@partner.example>\r\nReferences: <Plans-for-the-pond@partner.example>",
  ),
);
const sealed = await deliver(me, from("Omar Haddad", "omar@partner.example", "Contract, second version", "Please read."));

const browser = await launch();

/** Shows each view in turn and calls `look` once it is complete. */
async function tour(page, mode, look) {
  const at = (path, testid) => async () => {
    await page.goto(`${base}${path}`);
    await page.getByTestId(testid).first().waitFor();
  };
  const sought = (query, testid) => async () => {
    await at("/mail/inbox", "row")();
    await search(page, query);
    await page.locator("section.list").getByTestId(testid).first().waitFor();
  };
  const views = {
    inbox: at("/mail/inbox", "row"),
    sealed: at(`/mail/inbox/${sealed}`, "sealed-card"),
    conversation: async () => {
      await at(`/mail/inbox/${second}`, "message")();
      await page.getByTestId("folded").waitFor();
    },
    formatted: async () => {
      await sought("subject:November", "row")();
      await page.getByTestId("row-link").click();
      await page.getByTestId("frame").waitFor();
      const frame = page.frameLocator("[data-testid=frame]");
      await frame.getByText("library").waitFor();
      await frame.locator("details:not([open])").waitFor();
    },
    search: sought("pond", "row-snippet"),
    "search-nothing": sought("xylophone", "empty"),
    "search-lost": async () => {
      await page.goto(`${base}/search/17`);
      await page.locator("[data-testid=filter]:focus").waitFor();
    },
    drafts: at("/mail/drafts", "draft"),
    sent: at("/mail/sent", "row"),
    status: async () => {
      await at("/mail/sent", "row")();
      await page.getByTestId("row-link").first().click();
      await page.getByTestId("status-line").first().waitFor();
    },
    trash: at("/mail/trash", "list-count"),
    compose: async () => {
      await at("/mail/inbox", "row")();
      await page.getByTestId("compose-button").click();
      await page.getByTestId("composer-body").waitFor();
    },
    source: async () => {
      await at(`/mail/inbox/${second}`, "message")();
      await tool(page, "source");
      await page.getByTestId("source-text").waitFor();
    },
    labels: async () => {
      await at(`/mail/inbox/${second}`, "message")();
      await tool(page, "label-open");
      await page.getByTestId("label-name").waitFor();
    },
    palette: async () => {
      await at("/mail/inbox", "row")();
      await page.keyboard.press("Control+k");
      await page.getByTestId("palette-item").first().waitFor();
    },
    help: async () => {
      await at("/mail/inbox", "row")();
      await page.keyboard.press("?");
      await page.getByTestId("help").waitFor();
    },
    "manage-users": at("/manage/users", "user"),
    "manage-user": async () => {
      await at("/manage/users", "user")();
      await page.getByTestId("user-open").first().click();
      await page.getByTestId("user-detail").waitFor();
    },
    "manage-new-user": async () => {
      await at("/manage/users", "user")();
      await page.getByTestId("user-new").click();
      await page.getByTestId("user-make").waitFor();
    },
    "manage-temporary": async () => {
      await page.goto(`${base}/manage/temporary`);
      await page.getByTestId("manage").locator(".cards").waitFor({ state: "attached" });
    },
    "manage-policy": at("/manage/policy", "policy-keep"),
    "manage-queue": async () => {
      await page.goto(`${base}/manage/queue`);
      await page.getByTestId("manage").locator(".cards").waitFor({ state: "attached" });
    },
    "manage-site": at("/manage/site", "site-keep"),
    "manage-log": at("/manage/log", "log"),
    "manage-diagnostics": at("/manage/diagnostics", "diagnostics"),
    settings: at("/settings", "preference-undoSecs"),
    colleagues: at("/colleagues", "own-fingerprint"),
    sessions: at("/sessions", "session"),
    about: async () => {
      await page.goto(`${base}/about`);
      await page.getByRole("heading", { level: 1 }).waitFor();
    },
    missing: async () => {
      await page.goto(`${base}/nowhere`);
      await page.getByRole("heading", { level: 1 }).waitFor();
    },
    verify: async () => {
      await page.goto(`${base}/verify`);
      await page.getByRole("heading", { level: 1 }).waitFor();
    },
  };
  for (const [name, show] of Object.entries(views)) {
    await show();
    await look(name);
    if (name === "inbox") await ringed(page);
    if (mode.name === "forced") await marked(page, name);
    if (name === "search") await roomy(page);
    if (["source", "labels", "palette", "help"].includes(name)) {
      const isAtClose = await page.evaluate(() => document.activeElement.matches("dialog header button"));
      assert.ok(!isAtClose, `${name}: the focus is at the close button`);
      await page.keyboard.press("Escape");
      await page.locator("dialog[open]").waitFor({ state: "detached" });
    }
    if (name === "compose") {
      await page.getByTestId("composer-close").click();
      await page.getByTestId("composer").waitFor({ state: "detached" });
    }
  }
}

/** All three lines of a row that a search found have room within it. */
function roomy(page) {
  return soon(async () => {
    const rooms = await page.evaluate(() =>
      [...document.querySelectorAll("[data-testid=row-snippet]")].map((line) => {
        const row = line.closest("[data-testid=row]").getBoundingClientRect();
        return row.bottom - line.getBoundingClientRect().bottom;
      }),
    );
    assert.ok(rooms.length > 0 && rooms.every((px) => px >= 4), `px below the lines: ${rooms}`);
  });
}

/**
 * Where the system sets the colours, backgrounds are gone: what is chosen has an outline, and a dot
 * that says something is seen.
 */
function marked(page, name) {
  return soon(async () => {
    const bare = await page.evaluate(() => {
      const chosen = ["[aria-current]:not([aria-current=false])", "[aria-pressed=true]"];
      const ground = getComputedStyle(document.body).backgroundColor;
      return [...document.querySelectorAll([...chosen, ".dot"].join())]
        .filter((one) => one.checkVisibility())
        .filter((one) => {
          const { outlineStyle, backgroundColor } = getComputedStyle(one);
          if (one.matches(".dot")) return backgroundColor === ground;
          return outlineStyle === "none";
        })
        .map((one) => one.outerHTML.slice(0, 120));
    });
    assert.deepEqual(bare, [], name);
  });
}

/** The row that has the focus by the keyboard has a ring all around it. */
async function ringed(page) {
  await page.getByTestId("row-link").first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await soon(async () => {
    const ring = await page.evaluate(() => {
      const row = document.activeElement.closest("[data-testid=row]");
      const { outlineStyle, inlineSize } = getComputedStyle(row, "::after");
      return [outlineStyle, parseFloat(inlineSize) / row.clientWidth];
    });
    assert.equal(ring[0], "solid");
    assert.ok(ring[1] > 0.95, `the ring covers ${ring[1]} of the row`);
  });
}

async function walk(mode, isFirst) {
  const page = await profile(browser, {
    viewport: { width: mode.width, height: mode.width < 720 ? 640 : 800 },
    hasTouch: mode.width < 720,
    locale: mode.locale,
    colorScheme: mode.colorScheme,
    forcedColors: mode.forcedColors ?? "none",
  });
  const look = async (name) => {
    await accessible(page, `${name}, ${mode.name}`);
    await noSidewaysScroll(page, `${name}, ${mode.name}`);
    if (mode.name === "phone-hebrew-dark" || mode.name === "forced") return;
    // One screenshot of each screen in light mode, and of some screens in the other modes.
    const dressed = ["inbox", "conversation", "compose"].includes(name);
    if (mode.name === "light" || dressed) {
      await picture(page, mode.name === "light" ? name : `${name}-${mode.name}`);
    }
  };
  await page.goto(`${base}/`);
  await page.getByTestId("sign-in-name").waitFor();
  await look("sign-in");
  await page.getByTestId("lost").click();
  await page.getByTestId("recover-name").waitFor();
  await look("lost-password");
  await page.reload();
  await page.getByTestId("sign-in-name").fill(user);
  await page.getByTestId("sign-in-password").fill(password);
  if (isFirst) {
    await page.getByTestId("sign-in-submit").click();
    await page.getByTestId("tour-next").waitFor();
    await look("tour");
    await tourSkip(page);
    await prepare(page);
  } else await arriving(page, () => page.getByTestId("sign-in-submit").click());
  await page.getByTestId("place-mail").waitFor();
  await tour(page, mode, look);
  await page.context().close();
  ok(`every screen is accessible, ${mode.name}`);
}

/** Fills every place with something to show. */
async function prepare(page) {
  for (const reference of [first, second]) {
    await page.goto(`${base}/mail/inbox/${reference}`);
    await page.getByTestId("open").click();
    await page.getByTestId("text").first().waitFor();
  }
  await search(page, "subject:November");
  await page.getByTestId("row-link").click();
  await page.getByTestId("open").click();
  await page.getByTestId("frame").waitFor();
  await page.goto(`${base}/mail/inbox/${second}`);
  await page.getByTestId("label-open").click();
  await page.getByTestId("label-name").waitFor();
  await page.keyboard.type("Garden");
  await kept(page, () => page.getByTestId("label-add").click(), "/api/messages");
  await page.getByTestId("label-choice").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("mailbox-new").click();
  await page.getByTestId("mailbox-name").waitFor();
  await page.keyboard.type("Invoices");
  await page.getByTestId("mailbox-save").click();
  await page.getByTestId("mailbox").filter({ hasText: "Invoices" }).waitFor();
  await search(page, "pond");
  await kept(page, () => page.getByTestId("search-save").click(), "/api/appearance", "pond");
  await page.getByTestId("saved-search").waitFor();
  const write = async (to, subject, send) => {
    await page.goto(`${base}/mail/inbox`);
    await page.getByTestId("compose-button").click();
    await page.getByTestId("composer-to").fill(to);
    await page.keyboard.press("Enter");
    await page.getByTestId("composer-subject").fill(subject);
    await page.getByTestId("composer-body").fill("With thanks for yesterday.");
    if (!send) await page.getByTestId("composer-saved").filter({ hasText: /\d/ }).waitFor();
    await page.getByTestId(send ? "composer-send" : "composer-close").click();
    await page.getByTestId("composer").waitFor({ state: "detached" });
  };
  await write(`u2@${domain}`, "The minutes", true);
  await write("eve@outside.example", "Your question", false);
  await page.goto(`${base}/mail/inbox`);
}

for (const [at, mode] of MODES.entries()) await walk(mode, at === 0);
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
