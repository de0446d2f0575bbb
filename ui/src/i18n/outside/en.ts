// The words for people outside: collecting a message, their own pages, checking a notification.
import { many, messages } from "../forms/en.ts";

export const outside = {
  pickup: {
    sent: (who: string, n: number) => `${who} sent you ${messages(n)}`,
    back: (who: string) => `Welcome back. This is your account for messages from ${who}.`,
    sentAt: "Sent",
    reference: "Reference",
    until: "Available until",
    untilText: (day: string, distance: string) => `${day} (${distance})`,
    signIn: "Sign in to read",
    name: "Your username",
    nameHint: "We have filled this in for you.",
    asks: {
      oneTime: "One-time password from the email",
      own: "Your passphrase",
      inMail: "Password from the email",
      fromSender: "Password",
    },
    hint: {
      oneTime:
        "It works once. Capitals or small letters, with or without dashes: any spelling is right.",
      visited: (who: string) =>
        `A one-time password has already been used here. If that was not you, please tell ${who}. Each password works once: if yours has been used, ask for another below.`,
      own: "Use the passphrase that you chose here. The passwords in our emails no longer work.",
      inMail: "Your username and password are in the email that brought you here.",
      fromSender: (who: string) =>
        `${who} will give you the password, for example by phone. It is not in any email.`,
    },
    choose: "Choose your own passphrase",
    chooseHint: (n: number) =>
      `Use at least ${n} characters; several words work well. You will need this passphrase the next time you sign in. You can paste it.`,
    strength: {
      empty: "Enter a passphrase.",
      short: (n: number) => many(n, "more character is needed.", "more characters are needed."),
      easy: "This is easy to guess. Use different words, or more of them.",
      fair: "This is a good passphrase.",
      strong: "This is a very good passphrase.",
    },
    submit: "Sign in",
    read: "Read",
    private:
      "Signing in does not open any messages: you decide about each one. Nothing is saved in this browser.",
    wrongOneTime: "This one-time password is incorrect, or it has already been used.",
    nowVisited:
      "Someone has just used this one-time password. If it was not you, please tell the sender.",
    wrongOwn: "The passphrase is incorrect.",
    wrongOther: "The password is incorrect.",
    access: {
      title: {
        oneTime: "No unused one-time password?",
        fromSender: "Another password?",
        own: "Forgotten your passphrase?",
      },
      oneTime: "We can send another one, only to the email address that this message was sent to.",
      fromSender: (who: string) => `${who} can give you another one.`,
      own: (who: string) =>
        `Nobody can restore it. ${who} can close this account and send you the message again.`,
      address: "Your email address",
      send: "Send another one-time password",
      ask: (who: string) => `Ask ${who}`,
      sent: (address: string) => `A new email is on its way to ${address}.`,
      told: (who: string) => `We have told ${who}.`,
      often: "You have asked as often as is possible in one day. Try again tomorrow.",
      other: "This is not the address that the message was sent to.",
    },
    nowClaimed:
      "Someone has already chosen a passphrase for this account. If it was you, sign in with it. If it was not, please tell the sender.",
    weak: (n: number) =>
      `This passphrase is too easy to guess. Use at least ${n} characters, and nothing that appears in the email.`,
    otherSession: (address: string) =>
      `This browser is signed in as ${address}. If you sign in here, that session ends.`,
    inside: "You are already signed in.",
    toMessages: "Go to your messages",
    notMine: "This is not for me",
    notMineLead:
      "Then you do not need to do anything. Close this page and delete the email. Nobody is notified, the message stays unopened, and it will be deleted automatically.",
    notMineReject:
      "You can also sign in and reject the message without reading it. The sender is then notified.",
    phone: (organisation: string) => `You can also call ${organisation}:`,
    expired: "This message has expired",
    expiredLead: (day: string) => `It was available until ${day}. Its content has been destroyed.`,
    revoked: "This message is no longer available",
    revokedLead: (who: string) => `${who} has withdrawn access to it.`,
    unknown: "We do not recognise this link",
    unknownLead:
      "Part of the link may be missing. Make sure you copied the whole line, including everything after “/pickup/”. The link may also be so old that we no longer have any record of it.",
    failed: "We could not load this page",
    ask: (who: string) => `Ask ${who} to send it again`,
    asking: "Sending your request…",
    asked: (who: string) =>
      `We have asked ${who}. If they send it again, you will receive a new email.`,
    askedLately: (who: string) =>
      `We have already asked ${who} today. We pass on one request a day.`,
    askFailed: "We could not pass on your request. Please try again later.",
    language: "Language",
    verifyLink: "Did we really send this? Check a reference number",
  },
  verify: {
    title: "Did we send this?",
    lead: "Every email from us contains a reference number of 20 letters and digits. Enter it here, and we will tell you whether the email is from us. We do not reveal who sent it, to whom, or what it is about.",
    label: "Reference number",
    submit: "Check",
    busy: "Checking…",
    yes: (when: string) => `Yes, we sent this on ${when}.`,
    yesUndated: "Yes, we sent this.",
    no: "We do not know this number. If an email that claims to be from us contains it, do not follow any links in that email.",
    form: "A reference number has 20 letters and digits, in four groups of five.",
  },
  portal: {
    skip: "Skip to the content",
    places: "Navigation",
    messages: "Messages",
    account: "Account",
    title: "Messages for you",
    lead: (n: number) =>
      n === 0
        ? "You have no unopened messages."
        : `You have ${many(n, "unopened message", "unopened messages")}.`,
    none: "You have no messages.",
    noneNext: "New messages appear here automatically for as long as you have access.",
    noneSent: "What you send from here appears here.",
    sentTo: (to: string) => `Sent to ${to}`,
    waiting: "Not opened yet",
    openedBefore: "Opened",
    told: (who: string) =>
      `When you open or reject this message, ${who} sees that and at what time, and nothing else.`,
    openLabel: (subject: string) => `Open ${subject}`,
    rejectLabel: (subject: string) => `Reject unread: ${subject}`,
    older: "Show older messages",
    notice: {
      read: (who: string) => `${who} read your reply.`,
      rejected: (who: string) => `${who} rejected your reply unread.`,
      refused: (who: string) => `Your reply to ${who} was refused.`,
      expired: (who: string) => `${who} did not open your reply in time.`,
      failed: (who: string) => `Your reply could not be delivered to ${who}.`,
      delayed: (who: string) =>
        `Your reply to ${who} is delayed. We are still trying to deliver it.`,
      ending: (who: string) => `The account of ${who} will expire soon.`,
      asked: (who: string) => `${who} has asked you to send the message again.`,
      "asked-password": (who: string) => `${who} has asked for another one-time password.`,
      forgotten: (who: string) =>
        `${who} has forgotten the passphrase and asks you to send your messages again.`,
      filling: (who: string) => `The mailbox ${who} is more than 80% full.`,
      "almost-full": (who: string) => `The mailbox ${who} is more than 95% full.`,
    },
    toMessages: "Back to messages",
    print: "Print",
    delete: "Delete",
    deleteAsk: "Delete this message?",
    deleteLead:
      "Your copy and its encryption key are destroyed immediately. The sender already knows when you opened the message, but is not told that you deleted it.",
    reply: "Reply securely",
    replyTo: (who: string) => `Your reply goes only to ${who}.`,
    replyText: "Your reply",
    replyQuoted: "The message you are replying to is quoted below your reply.",
    replyResumed: "You started this reply earlier.",
    attach: "Attach files",
    uploading: (percent: number) => `${percent}% uploaded`,
    uploaded: "Attached",
    uploadFailed: "The upload failed.",
    uploadTooLarge: "This file is too large to attach.",
    uploadRemove: (name: string) => `Remove ${name}`,
    send: "Send reply",
    sending: "Sending…",
    savedAt: (time: string) => `Saved ${time}`,
    notSaved: "Not saved yet. What you typed is still here.",
    empty: "Write something or attach a file.",
    stillUploading: "Some files are still uploading. Please wait until they have finished.",
    uploadsBroken: "A file could not be uploaded. Try again or remove it.",
    wouldBeClear: "Your reply was not sent, because it would have left this server unprotected.",
    sendFailed: (why: string) => `Your reply was not sent. ${why}`,
    sendUnsure:
      "The server did not respond. It is safe to try again: your reply is sent only once.",
    sent: (reference: string) => `Sent. Reference: ${reference}`,
    sentHint: "You will find a confirmation here when your reply has been read.",
    undone: "Your reply was not sent. You can go on editing it.",
    undoLate: "Your reply has already been sent.",
    another: "Write another reply",
    comeBack: {
      ended:
        "You have no passphrase yet. To continue, enter another one-time password: the link in our email lets you ask for one.",
      title: "To come back here",
      lead: "Choose a passphrase. Without one, you will need another one-time password the next time.",
      action: "Save passphrase",
      busy: "Saving…",
      later: "Not now",
      saved: "Your passphrase is saved. You can sign in with it until your account expires.",
      leaving: "Before you sign out",
      without: "Sign out without a passphrase",
    },
    accountTitle: "Your account",
    accountLead: (organisation: string) =>
      `This is a temporary account at ${organisation}. It was created so that you can receive messages securely.`,
    signInName: "Username",
    address: "Your address",
    sponsor: "Created for you by",
    ends: "Expires",
    renewal: (who: string) =>
      `Only ${who} can extend this account. To request this, reply to one of the messages.`,
    leave: "Delete my account now",
    leaveLead:
      "All messages in your account, read or unread, are destroyed immediately together with their encryption keys. Nobody can restore them.",
    leaveWord: "delete",
    leaveType: (word: string) => `Type “${word}” to confirm`,
    leaveTypeWrong: (word: string) => `Type the word “${word}” to confirm.`,
    leavePassword: "Your passphrase",
    leaveBusy: "Deleting…",
    left: "Your account and everything in it have been deleted.",
    leaveFailed: (why: string) => `Your account was not deleted. ${why}`,
  },
};

export type Outside = typeof outside;
