// Links whose text shows another host than the one they lead to.
import { mount, tick, unmount } from "svelte";
import { afterEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { mismatch } from "../src/lib/links.ts";
import Frame from "../src/views/mail/Frame.svelte";

afterEach(() => {
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const EVIL = "https://evil.example/login";

test.each([
  ["https://www.mybank.example", "www.mybank.example"],
  ["https://www.mybank.example/account?id=1", "www.mybank.example"],
  ["HTTPS://WWW.MyBank.example:443/", "www.mybank.example"],
  ["www.mybank.example", "www.mybank.example"],
  ["mybank.example", "mybank.example"],
  ["  mybank.example.  ", "mybank.example"],
  ["Sign in at https://mybank.example now", "mybank.example"],
  ["Go to (www.mybank.example)!", "www.mybank.example"],
  ["service@mybank.example", "mybank.example"],
  ["https://mybank.example@evil.example/", "mybank.example"],
  ["my\u200bbank.example", "mybank.example"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["evil.example.mybank.test", "evil.example.mybank.test"],
  ["https://myevil.example", "myevil.example"],
  ["🔒https://www.mybank.example/login", "www.mybank.example"],
  ["🔒www.mybank.example", "www.mybank.example"],
  ...[..."→•|*-=›~_"].map((symbol) => [`${symbol}https://mybank.example/x`, "mybank.example"]),
  ["→ mybank.example", "mybank.example"],
  ["mybank.example →", "mybank.example"],
  ["Login:https://mybank.example", "mybank.example"],
  ["https://https://mybank.example", "mybank.example"],
  ["//mybank.example", "mybank.example"],
  ["mybank.example login", "mybank.example"],
  ["mybank.newending login", "mybank.newending"],
  ["MyBank.COM Login", "mybank.com"],
  ["mybank\n.example", "mybank.example"],
  ["mybank\n.example\nlogin", "mybank.example"],
  ["m y b a n k . e x a m p l e", "mybank.example"],
  ["https:// www . mybank . example", "www.mybank.example"],
  [".example\nmybank", "mybank.example"],
  ["/elpmaxe.knabym", "elpmaxe.knabym"],
  ["\u202e/moc.x", "x.com"],
  ["https://evil.example/ or mybank.example", "mybank.example"],
  ["evil.example/|https://mybank.example/", "mybank.example"],
  ["https://a:www.mybank.example@evil.example", "www.mybank.example"],
  ["mybank.example,x@evil.example", "mybank.example"],
  ["mybank.example.1", "mybank.example"],
  ["192.0.2.1", "192.0.2.1"],
  ["http://192.0.2.1/login now", "192.0.2.1"],
])("%s is not where the link leads", (text, shown) => {
  expect(mismatch([text], EVIL)).toEqual({ shown, real: "evil.example" });
});

test.each([
  ["Click here", EVIL],
  ["Report.pdf", EVIL],
  ["e.g. this one", EVIL],
  ["Version 2.0", EVIL],
  ["and.Then on", EVIL],
  ["Read on. Or not", EVIL],
  ["Our offers of today. Shop now", EVIL],
  ["Until soon. It is time", EVIL],
  ["z. B. hier, ca. 5 kg inkl. Versand", EVIL],
  ["t.ex. this", EVIL],
  ["Read more →", EVIL],
  ["Sale!\n-20 %\nNow.", EVIL],
  ["README.md of Node.js", EVIL],
  ["https://evil.example/a.page/www.mybank.example?u=mybank.example", EVIL],
  ["See https://evil.example now", EVIL],
  ["Visit us: www.evil.example today", EVIL],
  ["evil.example", "https://evil.example./"],
  ["dana.smith+news@shop.example", "mailto:dana.smith+news@shop.example"],
  ["www.shop.example", "https://shop.example/"],
  ["https://evil.example/elsewhere", EVIL],
  ["www.evil.example", EVIL],
  ["evil.example", "https://www.evil.example/"],
  ["shop.example", "https://news.shop.example/x"],
  ["https://news.shop.example", "https://shop.example/"],
  ["dana@shop.example", "mailto:dana@shop.example?subject=a"],
  ["bücher.example", "https://xn--bcher-kva.example/"],
  ["mybank.example", "no address"],
  ["", EVIL],
])("%s may lead to %s", (text, address) => {
  expect(mismatch([text], address)).toBeNull();
});

test("an address of mail that leads to another one is found, and so is a name before an @", () => {
  const mail = mismatch(["dana@mybank.example"], "mailto:x@evil.example");
  expect(mail).toEqual({ shown: "mybank.example", real: "evil.example" });
  const named = mismatch(["Sign in"], "https://www.mybank.example@evil.example/");
  expect(named).toEqual({ shown: "www.mybank.example", real: "evil.example" });
});

test.each([
  ["github.io", "https://evil.github.io/"],
  ["https://www.github.io", "https://evil.github.io/"],
  ["sharepoint.com", "https://evil.sharepoint.com/"],
  ["co.uk", "https://evil.co.uk/"],
  ["mybank.github.io", "https://evil.github.io/"],
  ["mybank.xyz", "https://www.xyz/"],
  ["mybank.co.uk", "https://www.co.uk/"],
])("%s has another owner than %s", (text, address) => {
  expect(mismatch([text], address)).not.toBeNull();
});

test("a name in the place of a password is found", () => {
  const found = mismatch(["Sign in"], "https://a:www.mybank.example@evil.example/");
  expect(found).toEqual({ shown: "www.mybank.example", real: "evil.example" });
});

test.each([
  ".",
  "a",
  "a.",
  "a.b",
  " ",
  "\n",
  "-",
  "_",
  "@",
  "/",
  "://",
  "+",
  "1.",
  "ü",
  "a@",
  "\n.",
])("a long text of %j is read in no time", (piece) => {
  const start = performance.now();
  const text = piece.repeat(100_000 / piece.length);
  for (const long of [`${text}x`, `www.${text}`, `a.${text}`]) mismatch([long], EVIL);
  expect(performance.now() - start).toBeLessThan(5_000);
});

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

/** Shows a message with one link, and returns the link. */
async function linked(html: string) {
  await languageUse("en");
  vi.spyOn(api, "ticket").mockResolvedValue({ url: "about:blank#1", expiresIn: 60 });
  const page = mount(Frame, { target: document.body, props: { reference: "R" } });
  await vi.waitFor(() => expect(find("frame")?.getAttribute("src")).toBe("about:blank#1"));
  const inside = document.implementation.createHTMLDocument();
  inside.body.innerHTML = html;
  Object.defineProperty(find("frame"), "contentDocument", { value: inside, configurable: true });
  find("frame")?.dispatchEvent(new Event("load"));
  await tick();
  const link = inside.querySelector("a");
  if (link === null) throw new Error("no link");
  return { link, end: () => unmount(page) };
}

/** Clicks, and returns whether the browser would follow the link. */
const followed = (link: Element, kind = "click") =>
  link.dispatchEvent(new MouseEvent(kind, { bubbles: true, cancelable: true }));

test("a link that shows another host is asked about once, and names both", async () => {
  const { link, end } = await linked(`<a href="${EVIL}">https://www.<b>mybank</b>.example</a>`);
  for (const kind of ["click", "auxclick"]) {
    expect(followed(link, kind)).toBe(false);
    await tick();
    expect(find("confirm")?.textContent).toContain(
      en.reader.linkLead("www.mybank.example", "evil.example"),
    );
    find("confirm")?.querySelector<HTMLElement>(".buttons .button:not(.danger)")?.click();
    await tick();
    expect(find("confirm")).toBeNull();
  }
  const opened: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    opened.push([this.getAttribute("href"), this.target, this.rel].join(" "));
  });
  expect(followed(link.querySelector("b") ?? link)).toBe(false);
  await tick();
  find("confirm-yes")?.click();
  await tick();
  expect(opened).toEqual([`${EVIL} _blank noopener noreferrer`]);
  // Asked once.
  expect(followed(link)).toBe(true);
  await end();
});

test("a link that says where it leads, or says nothing, is followed at once", async () => {
  for (const html of [
    `<a href="${EVIL}">https://evil.example</a>`,
    `<a href="${EVIL}">Read more</a>`,
  ]) {
    const { link, end } = await linked(html);
    expect(followed(link)).toBe(true);
    await tick();
    expect(find("confirm")).toBeNull();
    await end();
  }
});

test.each([
  `🔒https://www.mybank.example`,
  `mybank.example<img alt="x" width="1">`,
  `mybank.example<span style="font-size:0"> x</span>`,
  `mybank.example<span style="font-size:0">x</span>`,
  `<span style="font-size:0">evil.example/</span>mybank.example`,
  `<span style="float:left">mybank</span><span style="float:left">.example</span>`,
  `<span style="float:left">mybank</span>\n<span style="float:left">.example</span>`,
  `<span style="float:right">.example</span><span style="float:right">mybank</span>`,
  `<span style="float:left">mybank.e</span><span style="float:left">xample</span> login`,
  `mybank<img alt=".example">`,
  `<img alt="mybank.example"><img alt="logo">`,
  `<bdo dir="rtl">/elpmaxe.knabym</bdo>`,
  `<bdo dir="rtl">/moc.x</bdo>`,
  `<span dir="rtl">/mybank.example</span>`,
])("a link that shows its host as %s is asked about", async (html) => {
  const { link, end } = await linked(`<a href="${EVIL}">${html}</a>`);
  expect(followed(link)).toBe(false);
  await end();
});

test.each([
  `<b>Read more.</b><img alt="arrow">`,
  `<p>Our offers.</p><p>Shop now</p>`,
  `<span dir="rtl">https://evil.example/a</span>`,
  `<bdo dir="rtl">Read on</bdo>`,
])("a link that shows %s is followed at once", async (html) => {
  const { link, end } = await linked(`<a href="${EVIL}">${html}</a>`);
  expect(followed(link)).toBe(true);
  await end();
});

test("the right button opens its menu without a question", async () => {
  const { link, end } = await linked(`<a href="${EVIL}">mybank.example</a>`);
  const press = { bubbles: true, cancelable: true, button: 2 };
  expect(link.dispatchEvent(new MouseEvent("auxclick", press))).toBe(true);
  await tick();
  expect(find("confirm")).toBeNull();
  await end();
});

test("the description of an image that is not shown counts as the text of its link", async () => {
  const { link, end } = await linked(
    `<a href="${EVIL}"><img alt="www.mybank.example" data-remote=""></a>`,
  );
  expect(followed(link)).toBe(false);
  await end();
});
