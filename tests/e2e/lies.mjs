// What pages say in words when one who has the disk and the daemon's key changed the records: one lie
// for each run. P-80, P-81
import assert from "node:assert/strict";
import {
  accessible,
  base,
  launch,
  ok,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const { POSTERN_LIE: lie, POSTERN_SENDER: sender } = process.env;
const { POSTERN_REVOKER: revoker, POSTERN_GROUP: group } = process.env;
const [dana, noa] = ["u2", "u4"];
const who = (name, user) => `\u2068?${name}\u2069? \u2066?<${user}@test\\.example>\u2069?`;
const [danaSigned, omarSigned, talSigned] = [
  who("User 2", dana),
  who("User 3", "u3"),
  who("User 5", "u5"),
];
const says = (...parts) => new RegExp(parts.join(""));

/**
 * The pages: whose, where, the elements that warn, and one that is always there. The sender comes last:
 * her session puts right what it can as soon as she signs in.
 */
const PAGES = {
  ofSender: [noa, `/colleagues/${sender}`, "vouching-problem", "colleague"],
  ofRevoker: [noa, `/colleagues/${revoker}`, "vouching-problem", "colleague"],
  message: [noa, "/mail/inbox", "signature", "signature"],
  group: [noa, `/groups/${group}`, "group-differ", "group-title"],
  own: [dana, "/colleagues", "vouching-problem", "own-fingerprint"],
};

const changed = says("An attestation that involves ", omarSigned, " was changed on the server\\.");
const leftOut = says("signed together with ", omarSigned, " is missing on the server\\.");
const added = says("The server shows an attestation of ", talSigned, " that .* does not list\\.");
const other = says("The key of ", danaSigned, " is not the one that you know\\.");
const broken = /The signature does not fit this message\./;
const missing = /This message was signed, and its signature is missing\./;
const earlier = says("with a key of ", danaSigned, " that is no longer in use\\.");
const signedBy = says("^Signed by ", danaSigned, " on .*$");
/** The one who revoked is not among them. */
const vouchedBy = says("^vouched for by ", omarSigned, "$");

/** What each lie makes them say; what is not named here says nothing that warns. */
const WORDS = {
  Nothing: {},
  AttestationChanged: { ofSender: changed, own: changed },
  AttestationAdded: { ofSender: added, own: added },
  AttestationLeftOut: { ofSender: leftOut, own: leftOut },
  RegisterPutBack: {
    ofRevoker: says(
      "The signed list of ",
      talSigned,
      " is older than the one that was seen before\\.",
    ),
    doubt: /An attestation that came with this message was changed, or cannot be confirmed\./,
  },
  KeySwapped: { ofSender: other, message: broken },
  PairSwapped: {
    ofSender: other,
    message: earlier,
    own: /Your signing key was lost on the server, and a new one was made\./,
  },
  KnownKeySwapped: { ofSender: other, message: /with a key that is not the one you know of/ },
  SignatureLeftOut: { message: missing },
  SignatureChanged: { message: missing },
  SignatureOfAnother: { message: missing },
  EpochSwapped: { group: /The keys that the server holds for this group do not belong together\./ },
};

const words = WORDS[lie];
assert.ok(words, `no page is named for ${lie}`);
const browser = await launch();
const pages = {};

async function pageOf(user) {
  if (!pages[user]) {
    pages[user] = await profile(browser, { viewport: { width: 1280, height: 800 } });
    await signIn(pages[user], user);
  }
  return pages[user];
}

/** Opens the first message that was sent: the other one lies above it. */
async function opened(page) {
  const rows = page.getByTestId("row-link").filter({ hasText: "Signed plan" });
  await soon(async () => assert.equal(await rows.count(), 2));
  await rows.last().click();
  const [open, details] = [page.getByTestId("open"), page.getByTestId("details")];
  await soon(async () => assert.ok((await open.isVisible()) || (await details.isVisible())));
  if (await open.isVisible()) await open.click();
  await details.waitFor();
}

/** The whole of what is said of the signature: the one warning that is named, or who signed and vouches. */
async function messageSays(page) {
  if (words.message) {
    await reads(page.getByTestId("signature"), words.message);
    assert.equal(await page.getByTestId("signature").getAttribute("role"), "alert");
    assert.equal(await page.getByTestId("vouched-by").count(), 0);
  } else {
    await reads(page.getByTestId("signed-by"), signedBy);
    await reads(page.getByTestId("vouched-by"), vouchedBy);
  }
  const doubt = page.getByTestId("signature-doubt");
  assert.equal(await doubt.count(), words.doubt ? 1 : 0, `${lie}: doubt`);
  if (words.doubt) await reads(doubt, words.doubt);
  assert.equal(await page.getByTestId("signature-time").count(), 0, `${lie}: time`);
}

for (const [what, [user, path, warns, there]] of Object.entries(PAGES)) {
  const page = await pageOf(user);
  await page.goto(`${base}${path}`);
  if (what === "message") await opened(page);
  await page.getByTestId(there).first().waitFor();
  const warning = page.getByTestId(warns);
  if (what === "message") {
    await messageSays(page);
  } else if (words[what]) {
    await reads(warning.first(), words[what]);
    assert.equal(await warning.first().getAttribute("role"), "alert");
    assert.equal(await warning.count(), 1, what);
  } else {
    assert.equal(await warning.count(), 0, `${lie}: ${what}`);
  }
  if (words[what]) await accessible(page, `${lie}: ${what}`);
}
ok(`${lie} is shown where it is seen, and nowhere else`);

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
