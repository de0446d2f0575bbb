// What people do with the address books of others, each in four ways: by mouse, by keyboard only, at 320 px,
// in Hebrew. A request is sent and allowed; one field is shared with one person; a secretary adds, and the
// owner sees who; the whole address book is shared, and taken back. P-11, P-50, P-51, P-52, P-53, P-54, P-55
import assert from "node:assert/strict";
import {
  accessible,
  base,
  kept,
  launch,
  noSidewaysScroll,
  ok,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const other = me.replace("u1", "u2");

const hand = {
  press: (page, element) => element.click(),
  type: (page, element, text) => element.fill(text),
  choose: (page, element, value) => element.selectOption(value),
};

/** Nothing but keys: an element that Tab does not lead to is not reached. */
const keys = {
  async reach(page, element) {
    await element.waitFor();
    for (let step = 0; step < 200; step += 1) {
      if (await element.evaluate((node) => node === document.activeElement))
        return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`the keyboard does not lead to ${element}`);
  },
  async press(page, element) {
    await keys.reach(page, element);
    await page.keyboard.press("Enter");
  },
  async type(page, element, text) {
    await keys.reach(page, element);
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type(text);
  },
  async choose(page, element, value) {
    await keys.reach(page, element);
    const steps = await element.evaluate(
      (node, wanted) =>
        [...node.options].findIndex((one) => one.value === wanted) -
        node.selectedIndex,
      value,
    );
    const key = steps < 0 ? "ArrowUp" : "ArrowDown";
    for (let step = 0; step < Math.abs(steps); step += 1)
      await page.keyboard.press(key);
  },
};

const wide = { viewport: { width: 1280, height: 800 } };
const ways = [
  { name: "by mouse", options: wide, by: hand },
  { name: "by keyboard", options: wide, by: keys },
  {
    name: "at 320 px",
    options: { viewport: { width: 320, height: 640 } },
    by: hand,
  },
  { name: "in Hebrew", options: { ...wide, locale: "he-IL" }, by: hand },
];

const browser = await launch();

for (const [at, { name, options, by }] of ways.entries()) {
  const owner = await profile(browser, options);
  await signIn(owner, me.split("@")[0]);
  const reader = await profile(browser, options);
  await signIn(reader, other.split("@")[0]);
  const good = async (page, what) => {
    await accessible(page, `${what} ${name}`);
    await noSidewaysScroll(page, `${what} ${name}`);
  };
  const press = (page, id) => by.press(page, page.getByTestId(id).first());
  const type = (page, id, text) =>
    by.type(page, page.getByTestId(id).first(), text);
  const sees = async (query, count) => {
    await reader.goto(`${base}/contacts/shared`);
    await type(reader, "shared-search", query);
    await soon(async () =>
      assert.equal(await reader.getByTestId("shared-row").count(), count),
    );
  };
  const [person, phone, added] = [`Noa${at}`, `+972 50 55${at}`, `Zoe${at}`];

  // A request is sent, and allowed.
  await owner.goto(`${base}/contacts/new`);
  await type(owner, "contact-given", person);
  await press(owner, "contact-phones-add");
  await by.type(
    owner,
    owner.getByTestId("contact-phones").locator("[data-value]"),
    phone,
  );
  await type(owner, "contact-notes", `Has boat${at}.`);
  await kept(owner, () => press(owner, "contact-save"), "/api/contacts");
  await reads(owner.getByTestId("contact-name"), new RegExp(`^${person}$`));
  await press(owner, "contact-share");
  await type(owner, "ask-to", other);
  await good(owner, "asking somebody");
  await kept(owner, () => press(owner, "ask-send"), "/requests");
  await reader.goto(`${base}/contacts/requests`);
  await reads(
    reader.getByTestId("contact-request").first(),
    new RegExp(person),
  );
  await good(reader, "a request");
  await kept(reader, () => press(reader, "request-allow"), "/requests/");
  await reader.goto(`${base}/contacts`);
  await reads(reader.getByTestId("contacts-list"), new RegExp(person));
  ok(`a request is sent and allowed, ${name}`);

  // One field is shared with one person.
  await press(owner, "contact-sharing");
  await type(owner, "reader-address", other);
  await press(owner, "reader-add");
  await by.choose(owner, owner.getByTestId("share-name"), "hidden");
  await by.choose(owner, owner.getByTestId("share-phones"), "read");
  await good(owner, "sharing a contact");
  await kept(owner, () => press(owner, "share-save"), "/sharing");
  await sees(person, 0);
  await sees(`boat${at}`, 0);
  await sees(phone, 1);
  await press(reader, "shared-row");
  await reads(
    reader.getByTestId("shared-detail"),
    new RegExp(phone.replaceAll("+", "\\+")),
  );
  const said = await reader.getByTestId("shared-detail").textContent();
  for (const hidden of [person, "boat"])
    assert.ok(!said.includes(hidden), `${hidden} ${name}`);
  await good(reader, "a shared contact");
  ok(`one field is shared with one person, ${name}`);

  // A secretary adds a contact, and the owner sees who.
  await owner.goto(`${base}/contacts/edits`);
  await type(owner, "reader-address", other);
  await kept(owner, () => press(owner, "reader-add"), "/adders");
  await reader.goto(`${base}/contacts/shared`);
  await press(reader, "shared-add");
  await type(reader, "contact-given", added);
  await good(reader, "adding for somebody");
  await kept(reader, () => press(reader, "contact-save"), "/shared/");
  await owner.goto(`${base}/contacts/edits`);
  await reads(
    owner.getByTestId("edit").first(),
    new RegExp(`u2[^]*${added}|${added}[^]*u2`),
  );
  await good(owner, "changes by others");
  ok(`a secretary adds and the owner sees who, ${name}`);

  // The whole address book is shared, of each contact the name and the notes, and taken back.
  await press(owner, "book-share");
  const dialog = owner.getByTestId("share-dialog");
  await by.type(owner, dialog.getByTestId("reader-address"), other);
  await by.press(owner, dialog.getByTestId("reader-add"));
  await by.choose(owner, dialog.getByTestId("share-notes"), "read");
  await good(owner, "sharing the address book");
  await kept(owner, () => press(owner, "share-save"), "/book");
  await owner.getByTestId("book-reader").waitFor();
  await sees(`boat${at}`, 1);
  await press(reader, "shared-row");
  await reads(
    reader.getByTestId("shared-detail"),
    new RegExp(`${person}[^]*boat${at}`),
  );
  await press(owner, "book-share");
  await press(owner, "share-drop");
  await kept(owner, () => press(owner, "share-save"), "/book");
  await owner.getByTestId("book-reader").waitFor({ state: "detached" });
  await sees(`boat${at}`, 0);
  ok(`the whole address book is shared and taken back, ${name}`);
  await owner.context().close();
  await reader.context().close();
}

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
