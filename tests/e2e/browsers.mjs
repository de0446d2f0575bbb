// A browser that the account knows: its key stays when its owner signs out, and opens nothing.
import assert from "node:assert/strict";
import {
  accessible,
  base,
  launch,
  noSidewaysScroll,
  ok,
  password,
  problems,
  profile,
  signIn,
  soon,
} from "./support.mjs";

const user = process.env.POSTERN_ADDRESS.split("@")[0];
const browser = await launch();
const page = await profile(browser, { viewport: { width: 320, height: 700 } });

/** What the browser keeps of keys, and all that it keeps in its two storages. */
const kept = () =>
  page.evaluate(async () => {
    const settled = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const request = indexedDB.open("postern");
    request.onupgradeneeded = () => request.result.createObjectStore("keys");
    const db = await settled(request);
    const store = db.transaction("keys").objectStore("keys");
    const [ids, rows] = [await settled(store.getAllKeys()), await settled(store.getAll())];
    db.close();
    return {
      ids,
      xs: rows.map((row) => row.jwk.x),
      members: rows.map((row) => Object.keys(row).sort().join(" ")),
      canLeave: rows.map((row) => row.privateKey.extractable),
      stored: JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
    };
  });

async function listed() {
  await page.goto(`${base}/sessions`);
  await page.getByTestId("session").first().waitFor();
  await page.getByTestId("known-browser").or(page.getByTestId("known-none")).first().waitFor();
  const all = page.getByTestId("known-browser");
  return soon(() => all.evaluateAll((rows) => rows.map((row) => row.dataset.current)));
}

async function signOut() {
  await page.getByTestId("rail-more").click();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("sign-in-name").waitFor();
}

await signIn(page, user);
assert.deepEqual(await listed(), ["true"]);
await accessible(page, "known browsers");
await noSidewaysScroll(page, "known browsers");
ok("the account knows the browser after the first sign-in");

await signOut();
const left = await soon(async () => {
  const left = await kept();
  assert.deepEqual(left.ids, ["browser"]);
  return left;
});
assert.deepEqual(left.members, ["jwk keptAt privateKey"]);
assert.deepEqual(left.canLeave, [false]);
assert.ok(!left.stored.includes(user) && !left.stored.includes("token"), left.stored);
ok("after signing out, one key is left that names nobody and cannot leave");

await signIn(page, user);
assert.deepEqual(await listed(), ["true"]);
assert.ok((await kept()).xs.every((x) => x === left.xs[0]), "another key was made");
ok("the next sign-in is by the same key");

await page.getByTestId("known-forget").click();
await page.getByTestId("known-none").waitFor();
assert.deepEqual(await listed(), []);
ok("a browser that is forgotten is not known, and its session goes on");

await signOut();
await page.goto(`${base}/`);
await page.getByTestId("sign-in-name").fill(user);
await page.getByTestId("sign-in-password").fill(password);
await page.getByTestId("sign-in-shared").check();
await page.getByTestId("sign-in-submit").click();
await page.getByTestId("rail-more").waitFor();
await signOut();
await soon(async () => assert.deepEqual((await kept()).ids, []));
ok("a shared computer keeps nothing at all");

assert.deepEqual(problems, []);
await browser.close();
console.log("done");
