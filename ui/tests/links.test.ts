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
])("%s is not where the link leads", (text, shown) => {
  expect(mismatch(text, EVIL)).toEqual({ shown, real: "evil.example" });
});

test.each([
  ["Click here", EVIL],
  ["Report.pdf", EVIL],
  ["e.g. this one", EVIL],
  ["Version 2.0", EVIL],
  ["and.so on", EVIL],
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
  expect(mismatch(text, address)).toBeNull();
});

test("an address of mail that leads to another one is found, and so is a name before an @", () => {
  const mail = mismatch("dana@mybank.example", "mailto:x@evil.example");
  expect(mail).toEqual({ shown: "mybank.example", real: "evil.example" });
  const named = mismatch("Sign in", "https://www.mybank.example@evil.example/");
  expect(named).toEqual({ shown: "www.mybank.example", real: "evil.example" });
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

test("the description of an image that is not shown counts as the text of its link", async () => {
  const { link, end } = await linked(
    `<a href="${EVIL}"><img alt="www.mybank.example" data-remote=""></a>`,
  );
  expect(followed(link)).toBe(false);
  await end();
});
