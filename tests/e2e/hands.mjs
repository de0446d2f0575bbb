// Two ways to act on a page as a person can: by clicking where something is visible, or by pressing Tab
// until it has the focus, and by typing. What is acted on is found by its test ID.
import assert from "node:assert/strict";
import { soon } from "./support.mjs";

const TABS_MAX = 200;

/** Acts with a mouse or a finger. */
export class Mouse {
  constructor(page) {
    this.page = page;
  }

  async press(what) {
    await this.page.getByTestId(what).filter({ visible: true }).first().click();
  }

  async type(where, text) {
    const field = this.page.getByTestId(where).filter({ visible: true }).first();
    await soon(async () => {
      // A user does not click into a field that already has the cursor.
      if (await field.evaluate((one) => one === document.activeElement)) return;
      await field.click();
      assert.fail(`the cursor is not in ${where} yet`);
    });
    await this.page.keyboard.type(text);
  }

  async pick(where, value) {
    await this.page.getByTestId(where).selectOption(value);
  }

  /** Undoes by the latest notice, which is the last one. */
  async undo() {
    await this.page.getByTestId("toast-undo").last().click();
  }
}

/** Runs in the page: whether this element has the focus, visibly. */
function isFocusSeen(what) {
  const at = document.activeElement;
  const { width, height } = at.getBoundingClientRect();
  const isHere = at.getAttribute("data-testid") === what;
  return isHere && width > 0 && height > 0 && at.matches(":focus-visible");
}

/** Acts with Tab, Enter and letter keys alone. */
export class Keyboard {
  constructor(page) {
    this.page = page;
  }

  /** What is drawn anew loses the focus, so it is looked for again. */
  async #to(what) {
    await this.page.getByTestId(what).filter({ visible: true }).first().waitFor();
    await soon(() => this.#along(what));
  }

  async #along(what) {
    for (let step = 0; step < TABS_MAX; step += 1) {
      const at = () =>
        this.page.evaluate(() => document.activeElement?.getAttribute("data-testid") ?? "");
      if ((await at()) === what) return;
      await this.page.keyboard.press("Tab");
    }
    assert.fail(`no way to ${what} by the keyboard`);
  }

  async press(what) {
    // An element that is drawn again loses the focus.
    await soon(async () => {
      await this.#to(what);
      assert.ok(await this.page.evaluate(isFocusSeen, what), `the focus on ${what} is seen`);
    });
    await this.page.keyboard.press("Enter");
  }

  async type(where, text) {
    await this.#to(where);
    await this.page.keyboard.type(text);
  }

  async undo() {
    await this.page.keyboard.press("z");
  }

  async pick(where, value) {
    const places = () =>
      this.page
        .getByTestId(where)
        .evaluate(
          (select, to) => [
            select.selectedIndex,
            [...select.options].findIndex((option) => option.text === to.label),
          ],
          value,
        );
    await soon(async () => {
      await this.#to(where);
      const [at, wanted] = await places();
      assert.ok(wanted >= 0, `${JSON.stringify(value)} is offered`);
      for (let step = at; step !== wanted; step += Math.sign(wanted - at))
        await this.page.keyboard.press(wanted > at ? "ArrowDown" : "ArrowUp");
      assert.equal((await places())[0], wanted);
    });
  }
}
