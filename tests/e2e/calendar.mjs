// The calendar and figure 8: entries by mouse, by dragging and by keyboard; a request for a meeting is
// tentative, is accepted in the reader, and turns certain at the requester's without a reload; others
// are declined, moved and cancelled. Two browsers in two zones, a phone, Hebrew.
// P-11, P-74, P-75, P-76, P-77, P-78, P-79
import assert from "node:assert/strict";
import {
  accessible,
  base,
  launch,
  noSidewaysScroll,
  ok,
  onPhones,
  picture,
  problems,
  profile,
  reads,
  signIn,
  soon,
  tabTo,
} from "./support.mjs";

const [user, domain] = process.env.POSTERN_ADDRESS.split("@");
const invitee = `u2@${domain}`;
// Here a day has 24 hours and a week begins on Monday.
const wide = { viewport: { width: 1280, height: 800 }, locale: "en-GB" };
const browser = await launch();
const page = await profile(browser, { ...wide, timezoneId: "Europe/Berlin" });
const other = await profile(browser, { ...wide, timezoneId: "America/New_York" });
await signIn(page, user);
await signIn(other, "u2");

/** A day that is later than today, so that all that is asked for is still to come. */
const day = (later) => new Date(Date.now() + later * 86_400_000).toISOString().slice(0, 10);
const entry = (where, title) => where.getByTestId("entry").filter({ hasText: title });
const stands = (where, title, state) =>
  soon(async () =>
    assert.equal(await entry(where, title).first().getAttribute("data-state"), state),
  );

// The keys lead to the calendar and through its views; each has an address and is accessible.
await page.keyboard.press("g");
await page.keyboard.press("k");
await page.getByTestId("month").waitFor();
assert.equal(new URL(page.url()).pathname, "/calendar");
await soon(async () => assert.match(await page.title(), /^Calendar · /));
for (const [key, shape] of ["month", "week", "day", "agenda"].entries()) {
  await page.keyboard.press(String(key + 1));
  await page.locator(`[data-testid=calendar][data-shape=${shape}]`).waitFor();
  await accessible(page, `an empty ${shape}`);
}
// Every place is on the screen, down to the last one.
for (const height of [800, 720]) {
  await page.setViewportSize({ ...wide.viewport, height });
  const { y, height: own } = await page.getByTestId("sign-out").boundingBox();
  assert.ok(y + own <= height, `${y} + ${own} on a screen of ${height}`);
}
await page.setViewportSize(wide.viewport);
ok("each view has a key and is accessible");

// By the mouse: a click among the hours, and dragging over them.
const far = day(8);
await page.goto(`${base}/calendar/week/${far}`);
const column = page.locator(`[data-testid=column][data-day="${far}"]`);
/** Where a time of that day is on the screen. */
async function hour(at) {
  const pane = await column.boundingBox();
  return { x: pane.x + pane.width / 2, y: pane.y + (pane.height * at) / 24 };
}
await column.waitFor();
const ten = await hour(10.1);
await page.mouse.click(ten.x, ten.y);
await page.getByTestId("entry-form").waitFor();
assert.equal(await page.getByTestId("when-time").inputValue(), "10:00");
assert.equal(await page.getByTestId("when-end-time").inputValue(), "11:00");
await page.getByTestId("entry-save").click();
await reads(page.getByTestId("entry-problem"), /title/);
await accessible(page, "the form of an entry");
await page.getByTestId("entry-title").fill("Dentist");
await page.getByTestId("entry-colour").selectOption({ index: 2 });
await page.getByTestId("entry-save").click();
await entry(page, "Dentist").waitFor();
const from = await hour(10.1);
const to = await hour(12.4);
const beside = { x: from.x - 40 };
await page.mouse.move(beside.x, (await hour(9.1)).y);
await page.mouse.down();
await page.mouse.move(beside.x, to.y, { steps: 5 });
await page.mouse.up();
await page.getByTestId("entry-form").waitFor();
assert.equal(await page.getByTestId("when-time").inputValue(), "09:00");
assert.equal(await page.getByTestId("when-end-time").inputValue(), "12:30");
await page.getByTestId("entry-title").fill("Painters");
await page.getByTestId("entry-save").click();
await entry(page, "Painters").waitFor();
// What overlaps stands side by side.
await soon(async () => {
  const one = await entry(page, "Painters").boundingBox();
  const two = await entry(page, "Dentist").boundingBox();
  assert.ok(one.x + one.width <= two.x + 1 || two.x + two.width <= one.x + 1);
});
await accessible(page, "a week with entries");
ok("entries are created by a click and by dragging, and stand side by side");

// By the keyboard: an entry that repeats; one of its times is deleted, and comes back.
await page.goto(`${base}/calendar/agenda/${far}`);
await page.getByTestId("agenda").waitFor();
await page.keyboard.press("n");
await page.getByTestId("entry-form").waitFor();
await page.keyboard.type("Choir");
await tabTo(page, "repeat-every");
await page.keyboard.press("ArrowDown");
await page.keyboard.press("ArrowDown");
await tabTo(page, "repeat-ends");
await page.keyboard.press("End");
await tabTo(page, "repeat-count");
await page.keyboard.press("Control+A");
await page.keyboard.type("3");
await tabTo(page, "entry-save");
await page.keyboard.press("Enter");
await soon(async () => assert.equal(await entry(page, "Choir").count(), 3));
await entry(page, "Choir").nth(1).focus();
await page.keyboard.press("Enter");
await reads(page.getByTestId("entry-sheet"), /Every week/);
await accessible(page, "an entry that repeats");
await tabTo(page, "entry-delete-one");
await page.keyboard.press("Enter");
await soon(async () => assert.equal(await entry(page, "Choir").count(), 2));
await page.keyboard.press("z");
await soon(async () => assert.equal(await entry(page, "Choir").count(), 3));
ok("by the keyboard alone an entry repeats, and a deletion is undone");

// What begins soon is said, wherever in the webmail somebody is.
const near = new Date(Date.now() + 6 * 60_000).toLocaleString("sv-SE", { timeZone: "Europe/Berlin" });
await page.keyboard.press("n");
await page.getByTestId("entry-title").fill("Train");
await page.getByTestId("when-day").fill(near.slice(0, 10));
await page.getByTestId("when-time").fill(near.slice(11, 16));
await page.getByTestId("entry-reminder").selectOption({ index: 3 });
await page.getByTestId("entry-save").click();
await page.getByTestId("entry-form").waitFor({ state: "detached" });
await page.goto(`${base}/contacts`);
await reads(page.getByTestId("toast"), new RegExp(`Reminder: .?Train[^]*${near.slice(11, 16)}`));
await accessible(page, "a reminder");
ok("a reminder comes on another page");

// Several whole days, dragged over in a month.
await page.goto(`${base}/calendar/month/${far.slice(0, 8)}10`);
const cell = (of) => page.locator(`[data-testid=day][data-day="${far.slice(0, 8)}${of}"]`);
await cell("10").waitFor();
const low = async (one) => {
  const box = await one.boundingBox();
  return [box.x + box.width / 2, box.y + box.height - 4];
};
await page.mouse.move(...(await low(cell("15"))));
await page.mouse.down();
await page.mouse.move(...(await low(cell("17"))), { steps: 6 });
await page.mouse.up();
await page.getByTestId("entry-form").waitFor();
assert.ok(await page.getByTestId("entry-all-day").isChecked());
assert.equal(await page.getByTestId("when-end-day").inputValue(), `${far.slice(0, 8)}17`);
await page.getByTestId("entry-title").fill("Fair");
await page.getByTestId("entry-save").click();
await soon(async () => assert.equal(await entry(page, "Fair").count(), 3));
await page.keyboard.press("ArrowRight");
await page.keyboard.press("ArrowDown");
await soon(async () =>
  assert.equal(new URL(page.url()).pathname, `/calendar/month/${far.slice(0, 8)}18`),
);
await soon(async () =>
  assert.equal(
    await page.evaluate(() => document.activeElement?.dataset.day),
    `${far.slice(0, 8)}18`,
  ),
);
await accessible(page, "a month with entries");
await picture(page, "calendar-month");
await page.keyboard.press("Enter");
await page.locator("[data-testid=calendar][data-shape=day]").waitFor();
ok("whole days are dragged over, and arrows move the day");

/** Asks for a meeting; its entry is tentative at once. */
async function ask(subject, later, more = async () => {}) {
  await page.goto(`${base}/calendar/agenda/${day(later)}`);
  await page.getByTestId("request-new").click();
  const form = page.getByTestId("entry-form");
  await form.getByTestId("composer-to").fill(invitee);
  await form.getByTestId("composer-to").press("Enter");
  await form.locator('[data-testid=chip][data-route="inside"]').waitFor();
  await page.getByTestId("entry-title").fill(subject);
  await page.getByTestId("when-day").fill(day(later));
  await page.getByTestId("when-time").fill("15:00");
  await page.getByTestId("when-length").selectOption("90");
  await more();
  await accessible(page, `the request ${subject}`);
  await page.getByTestId("entry-save").click();
  await form.waitFor({ state: "detached" });
  await stands(page, subject, "tentative");
}

/** Opens the message of a request, in the other browser. */
async function opened(subject) {
  await other.goto(`${base}/mail/inbox`);
  await other
    .getByTestId("row")
    .filter({ hasText: subject })
    .first()
    .getByTestId("row-link")
    .click();
  const card = other.getByTestId("meeting-card");
  await other.getByTestId("open").or(card).first().waitFor();
  if (await other.getByTestId("open").isVisible()) await other.getByTestId("open").click();
  await card.waitFor();
  return card;
}

// P-74, P-75, P-76: all fields reach the invitee, in the invitee's own zone.
await ask("Budget", 2, async () => {
  await page.getByTestId("place-kind").selectOption("office");
  await page.getByTestId("place-text").fill("Room 12");
  await page.getByTestId("entry-text").fill("Bring the figures");
});
await reads(entry(page, "Budget").first(), /tentative/);
await accessible(page, "a tentative meeting");
await picture(page, "calendar-tentative");
const card = await opened("Budget");
const text = await reads(card, /Bring the figures/);
assert.match(text, /Room 12/);
// 15:00 in Berlin is 09:00 in New York, in winter.
assert.match(text, /09:00/);
assert.match(text, /Europe\/Berlin/);
await reads(other.getByTestId("besides"), /nothing else/);
await accessible(other, "the card of a request");
await picture(other, "calendar-request");
ok("a request is tentative, and all its fields reach who is asked");

// P-77, P-78, P-79: one click; the requester's page changes by itself.
let loads = 0;
page.on("load", () => (loads += 1));
await other.getByTestId("answer-accept").click();
await reads(other.getByTestId("own-answer"), /You accepted/);
await stands(page, "Budget", "actual");
assert.equal(loads, 0);
await accessible(other, "a request that was accepted");
await other.getByTestId("meeting-day").click();
await entry(other, "Budget").waitFor();
await stands(other, "Budget", "actual");
await entry(page, "Budget").first().click();
await reads(page.getByTestId("person-state"), /accepted/);
await accessible(page, "a meeting that is certain");
await picture(page, "calendar-actual");
await page.keyboard.press("Escape");
await page.getByTestId("place-mail").click();
await page.getByTestId("row").filter({ hasText: "Budget" }).first().waitFor();
ok("it is accepted in one click, entered, and turns certain without a reload");

// A second answer, by the keyboard: declined. Then something else is there at that hour.
await ask("Second look", 2);
await opened("Second look");
await reads(other.getByTestId("besides"), /Budget/);
await tabTo(other, "answer-decline");
await other.keyboard.press("Enter");
await reads(other.getByTestId("own-answer"), /You declined/);
await stands(page, "Second look", "declined");
ok("a refusal leaves the meeting declined, in words");

// Another time is proposed, and taken; the change has to be accepted anew.
await ask("Review", 3);
await opened("Review");
await other.getByTestId("answer-propose").click();
await other.getByTestId("when-time").fill("17:00");
await other.getByTestId("propose-comment").fill("After the train");
await accessible(other, "another time is proposed");
await other.getByTestId("propose-send").click();
await reads(other.getByTestId("own-answer"), /proposed/);
await entry(page, "Review").first().click();
await reads(page.getByTestId("proposed"), /17:00/);
await reads(page.getByTestId("person"), /After the train/);
await accessible(page, "a time that was proposed");
await page.getByTestId("proposed-take").click();
await reads(page.getByTestId("person-state"), /not answered/);
await reads(other.getByTestId("meeting-card"), /11:00/);
await other.getByTestId("answer-accept").click();
await reads(page.getByTestId("person-state"), /accepted/);
await reads(page.getByTestId("meeting-state"), /Certain/);
ok("another time is proposed, taken, and accepted");

// A change reaches who was asked, and so does a cancellation.
await page.getByTestId("entry-edit").click();
await page.getByTestId("place-kind").selectOption("link");
await page.getByTestId("place-text").fill("https://meet.example.org/review");
await page.getByTestId("when-time").fill("18:00");
await page.getByTestId("entry-save").click();
await page.getByTestId("entry-form").waitFor({ state: "detached" });
await stands(page, "Review", "tentative");
await reads(other.getByTestId("meeting-card"), /meet\.example\.org/);
await reads(other.getByTestId("own-answer"), /not answered/);
await entry(page, "Review").first().click();
await page.getByTestId("meeting-cancel").click();
await accessible(page, "a meeting is to be cancelled");
await page.getByTestId("confirm-yes").click();
await reads(page.getByTestId("meeting-state"), /Cancelled/);
await reads(other.getByTestId("meeting-state"), /Cancelled/);
assert.equal(await other.getByTestId("answer-accept").count(), 0);
await page.keyboard.press("Escape");
await stands(page, "Review", "cancelled");
ok("a change and a cancellation reach who was asked");

// What was not answered waits beside the calendar.
await ask("Plans", 4);
await other.goto(`${base}/calendar`);
await other.getByTestId("requests-waiting").click();
await other.getByTestId("waiting-requests").getByTestId("meeting-card").waitFor();
await accessible(other, "requests that wait");
await other.getByTestId("answer-tentative").click();
await reads(other.getByTestId("own-answer"), /may come/);
await other.keyboard.press("Escape");
ok("a request that waits is answered in the calendar");

// On a phone the list comes first; everything fits in 320 px.
await onPhones(browser, user, async (phone, fits, locale) => {
  await phone.getByTestId("place-calendar").click();
  await phone.locator("[data-testid=calendar][data-shape=agenda]").waitFor();
  await entry(phone, "Budget").first().waitFor();
  await fits("the list");
  await entry(phone, "Budget").first().click();
  await phone.getByTestId("person-state").waitFor();
  await fits("a meeting");
  await phone.keyboard.press("Escape");
  for (const shape of ["month", "week", "day"]) {
    await phone.getByTestId(`shape-${shape}`).click();
    await phone.locator(`[data-testid=calendar][data-shape=${shape}]`).waitFor();
    await fits(shape);
    if (shape === "month") await picture(phone, `calendar-phone-${locale}`);
  }
  await phone.getByTestId("request-new").click();
  await phone.getByTestId("entry-form").waitFor();
  await fits("a request");
});
await noSidewaysScroll(page, "the calendar");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
