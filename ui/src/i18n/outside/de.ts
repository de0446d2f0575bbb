// The words for people outside: collecting a message, their own pages, checking a notification.
import { form, messages } from "../forms/de.ts";
import type { Outside } from "./en.ts";

export const outside = {
  pickup: {
    // None is left to open once all are; they were sent all the same.
    sent: (who, n) =>
      `${who} hat Ihnen ${n === 0 ? "Nachrichten" : n === 1 ? "eine Nachricht" : messages(n)} gesendet`,
    back: (who) => `Willkommen zurück. Dies ist Ihr Konto für Nachrichten von ${who}.`,
    sentAt: "Gesendet",
    reference: "Referenznummer",
    until: "Verfügbar bis",
    untilText: (day, distance) => `${day} (${distance})`,
    signIn: "Zum Lesen anmelden",
    name: "Ihr Benutzername",
    nameHint: "Wir haben ihn für Sie eingetragen.",
    asks: {
      oneTime: "Einmalpasswort aus der E-Mail",
      own: "Ihre Passphrase",
      inMail: "Passwort aus der E-Mail",
      fromSender: "Passwort",
    },
    hint: {
      oneTime:
        "Es gilt nur einmal. Groß- oder Kleinbuchstaben, mit oder ohne Striche: Jede Schreibweise ist richtig.",
      visited: (who) =>
        `Hier wurde schon ein Einmalpasswort verwendet. Wenn Sie das nicht waren, informieren Sie bitte ${who}. Jedes Passwort gilt einmal: Ist Ihres verbraucht, fordern Sie unten ein weiteres an.`,
      own: "Verwenden Sie die Passphrase, die Sie hier gewählt haben. Die Passwörter aus unseren E-Mails gelten nicht mehr.",
      inMail:
        "Ihr Benutzername und das Passwort stehen in der E-Mail, über die Sie hierhergekommen sind.",
      fromSender: (who) =>
        `${who} teilt Ihnen das Passwort mit, zum Beispiel telefonisch. Es steht in keiner E-Mail.`,
    },
    choose: "Eigene Passphrase wählen",
    chooseHint: (n) =>
      `Verwenden Sie mindestens ${n} Zeichen; mehrere Wörter eignen sich gut. Bei der nächsten Anmeldung brauchen Sie diese Passphrase wieder. Sie können sie einfügen.`,
    strength: {
      empty: "Geben Sie eine Passphrase ein.",
      short: (n) => `Noch ${n} Zeichen nötig.`,
      easy: "Das ist leicht zu erraten. Verwenden Sie andere oder mehr Wörter.",
      fair: "Das ist eine gute Passphrase.",
      strong: "Das ist eine sehr gute Passphrase.",
    },
    submit: "Anmelden",
    read: "Lesen",
    private:
      "Mit der Anmeldung wird keine Nachricht geöffnet: Sie entscheiden über jede einzeln. In diesem Browser wird nichts gespeichert.",
    wrongOneTime: "Dieses Einmalpasswort ist falsch oder wurde schon verwendet.",
    nowVisited:
      "Jemand hat dieses Einmalpasswort gerade verwendet. Wenn Sie das nicht waren, informieren Sie bitte den Absender.",
    wrongOwn: "Die Passphrase ist falsch.",
    wrongOther: "Das Passwort ist falsch.",
    access: {
      title: {
        oneTime: "Kein unbenutztes Einmalpasswort?",
        fromSender: "Ein weiteres Passwort?",
        own: "Passphrase vergessen?",
      },
      oneTime:
        "Wir können ein weiteres senden, und zwar nur an die E-Mail-Adresse, an die diese Nachricht gesendet wurde.",
      fromSender: (who) => `${who} kann Ihnen ein weiteres geben.`,
      own: (who) =>
        `Niemand kann sie wiederherstellen. ${who} kann dieses Konto schließen und Ihnen die Nachricht erneut senden.`,
      address: "Ihre E-Mail-Adresse",
      send: "Weiteres Einmalpasswort senden",
      ask: (who) => `${who} bitten`,
      sent: (address) => `Eine neue E-Mail an ${address} ist unterwegs.`,
      told: (who) => `Wir haben ${who} benachrichtigt.`,
      often:
        "Sie haben so oft gefragt, wie es an einem Tag möglich ist. Versuchen Sie es morgen wieder.",
      other: "An diese Adresse wurde die Nachricht nicht gesendet.",
    },
    nowClaimed:
      "Für dieses Konto wurde bereits eine Passphrase gewählt. Wenn Sie das waren, melden Sie sich damit an. Andernfalls informieren Sie bitte den Absender.",
    weak: (n) =>
      `Diese Passphrase ist zu leicht zu erraten. Verwenden Sie mindestens ${n} Zeichen und nichts, was in der E-Mail steht.`,
    otherSession: (address) =>
      `In diesem Browser ist ${address} angemeldet. Wenn Sie sich hier anmelden, endet diese Sitzung.`,
    inside: "Sie sind bereits angemeldet.",
    toMessages: "Zu Ihren Nachrichten",
    notMine: "Das ist nicht für mich",
    notMineLead:
      "Dann brauchen Sie nichts zu tun. Schließen Sie diese Seite und löschen Sie die E-Mail. Niemand wird benachrichtigt, die Nachricht bleibt ungeöffnet und wird automatisch gelöscht.",
    notMineReject:
      "Sie können sich auch anmelden und die Nachricht ungelesen ablehnen. Der Absender wird dann benachrichtigt.",
    phone: (organisation) => `Sie können ${organisation} auch anrufen:`,
    expired: "Diese Nachricht ist abgelaufen",
    expiredLead: (day) => `Sie war bis ${day} verfügbar. Ihr Inhalt wurde vernichtet.`,
    revoked: "Diese Nachricht ist nicht mehr verfügbar",
    revokedLead: (who) => `${who} hat den Zugriff darauf zurückgezogen.`,
    unknown: "Diesen Link kennen wir nicht",
    unknownLead:
      "Möglicherweise fehlt ein Teil des Links. Achten Sie darauf, die ganze Zeile zu kopieren, auch alles nach „/pickup/“. Der Link kann auch so alt sein, dass wir keine Aufzeichnung mehr darüber haben.",
    failed: "Die Seite konnte nicht geladen werden",
    ask: (who) => `${who} um erneutes Senden bitten`,
    asking: "Ihre Anfrage wird gesendet…",
    asked: (who) =>
      `Wir haben Ihre Anfrage an ${who} weitergeleitet. Wird die Nachricht erneut gesendet, erhalten Sie eine neue E-Mail.`,
    askedLately: (who) =>
      `Wir haben heute bereits eine Anfrage an ${who} weitergeleitet. Mehr als eine am Tag ist nicht möglich.`,
    askFailed:
      "Ihre Anfrage konnte nicht weitergeleitet werden. Versuchen Sie es später noch einmal.",
    language: "Sprache",
    verifyLink: "Kommt das wirklich von uns? Referenznummer prüfen",
  },
  verify: {
    title: "Kommt das von uns?",
    lead: "Jede E-Mail von uns enthält eine Referenznummer aus 20 Buchstaben und Ziffern. Geben Sie sie hier ein; wir sagen Ihnen, ob sie von uns stammt, aber nicht, worum es geht oder für wen die E-Mail bestimmt ist.",
    label: "Referenznummer",
    submit: "Prüfen",
    busy: "Wird geprüft…",
    yes: (when) => `Ja, das haben wir am ${when} gesendet.`,
    yesUndated: "Ja, das haben wir gesendet.",
    no: "Diese Nummer kennen wir nicht. Wenn eine E-Mail mit dieser Nummer angeblich von uns stammt, folgen Sie keinem Link darin.",
    form: "Eine Referenznummer besteht aus 20 Buchstaben und Ziffern in vier Fünfergruppen.",
  },
  portal: {
    skip: "Zum Seiteninhalt springen",
    places: "Bereiche",
    messages: "Nachrichten",
    account: "Konto",
    title: "Nachrichten für Sie",
    lead: (n) =>
      n === 0
        ? "Sie haben keine ungeöffneten Nachrichten."
        : `Sie haben ${form(n, "1 ungeöffnete Nachricht", `${n} ungeöffnete Nachrichten`)}.`,
    none: "Sie haben keine Nachrichten.",
    noneNext: "Neue Nachrichten erscheinen hier automatisch, bis Ihr Zugang abläuft.",
    noneSent: "Was Sie von hier senden, erscheint hier.",
    sentTo: (to) => `Gesendet an ${to}`,
    waiting: "Noch nicht geöffnet",
    openedBefore: "Geöffnet",
    told: (who) =>
      `Wenn Sie diese Nachricht öffnen oder ablehnen, erfährt ${who} das und den Zeitpunkt, sonst nichts.`,
    openLabel: (subject) => `„${subject}“ öffnen`,
    rejectLabel: (subject) => `Ungelesen ablehnen: ${subject}`,
    older: "Ältere Nachrichten anzeigen",
    notice: {
      read: (who) => `${who} hat Ihre Antwort gelesen.`,
      rejected: (who) => `${who} hat Ihre Antwort ungelesen abgelehnt.`,
      refused: (who) => `Ihre Antwort an ${who} wurde abgewiesen.`,
      expired: (who) => `${who} hat Ihre Antwort nicht rechtzeitig geöffnet.`,
      failed: (who) => `Ihre Antwort konnte ${who} nicht zugestellt werden.`,
      delayed: (who) =>
        `Ihre Antwort an ${who} verzögert sich; die Zustellung wird weiter versucht.`,
      ending: (who) => `Das Konto von ${who} läuft bald ab.`,
      asked: (who) => `${who} bittet Sie, die Nachricht erneut zu senden.`,
      "asked-password": (who) => `${who} hat ein weiteres Einmalpasswort angefordert.`,
      forgotten: (who) =>
        `${who} hat die Passphrase vergessen und bittet Sie, Ihre Nachrichten erneut zu senden.`,
      filling: (who) => `Das Postfach ${who} ist zu mehr als 80 % voll.`,
      "almost-full": (who) => `Das Postfach ${who} ist zu mehr als 95 % voll.`,
    },
    toMessages: "Zurück zu den Nachrichten",
    print: "Drucken",
    delete: "Löschen",
    deleteAsk: "Diese Nachricht löschen?",
    deleteLead:
      "Ihre Kopie und ihr Schlüssel werden sofort vernichtet. Der Absender weiß schon, wann Sie die Nachricht geöffnet haben, erfährt aber nicht, dass Sie sie gelöscht haben.",
    reply: "Sicher antworten",
    replyTo: (who) => `Ihre Antwort geht nur an ${who}.`,
    replyText: "Ihre Antwort",
    replyQuoted: "Die Nachricht, auf die Sie antworten, wird unter Ihrer Antwort zitiert.",
    replyResumed: "Sie haben diese Antwort bereits begonnen.",
    attach: "Dateien anhängen",
    uploading: (percent) => `${percent}\u00a0% hochgeladen`,
    uploaded: "Angehängt",
    uploadFailed: "Das Hochladen ist fehlgeschlagen.",
    uploadTooLarge: "Diese Datei ist zu groß.",
    uploadRemove: (name) => `${name} entfernen`,
    send: "Antwort senden",
    sending: "Wird gesendet…",
    savedAt: (time) => `Gespeichert um ${time}`,
    notSaved: "Noch nicht gespeichert; Ihr Text ist weiterhin hier.",
    empty: "Schreiben Sie etwas oder hängen Sie eine Datei an.",
    stillUploading:
      "Einige Dateien werden noch hochgeladen. Bitte warten Sie, bis das abgeschlossen ist.",
    uploadsBroken:
      "Eine Datei konnte nicht hochgeladen werden. Versuchen Sie es erneut oder entfernen Sie sie.",
    wouldBeClear:
      "Ihre Antwort wurde nicht gesendet, weil sie diesen Server ungeschützt verlassen hätte.",
    sendFailed: (why) => `Die Antwort wurde nicht gesendet. ${why}`,
    sendUnsure:
      "Der Server hat nicht geantwortet. Sie können es gefahrlos erneut versuchen: Die Antwort wird nur einmal gesendet.",
    sent: (reference) => `Gesendet. Referenznummer ${reference}`,
    sentHint: "Sobald Ihre Antwort gelesen wurde, finden Sie hier einen Hinweis.",
    undone: "Ihre Antwort wurde nicht gesendet. Sie können sie weiter bearbeiten.",
    undoLate: "Ihre Antwort wurde bereits gesendet.",
    another: "Weitere Antwort schreiben",
    comeBack: {
      ended:
        "Sie haben noch keine Passphrase. Geben Sie zum Fortfahren ein weiteres Einmalpasswort ein: Über den Link in unserer E-Mail können Sie eines anfordern.",
      title: "Um wiederzukommen",
      lead: "Wählen Sie eine Passphrase. Ohne sie brauchen Sie beim nächsten Mal ein weiteres Einmalpasswort.",
      action: "Passphrase speichern",
      busy: "Wird gespeichert…",
      later: "Nicht jetzt",
      saved:
        "Ihre Passphrase ist gespeichert. Sie können sich damit anmelden, bis Ihr Konto abläuft.",
      leaving: "Bevor Sie sich abmelden",
      without: "Ohne Passphrase abmelden",
    },
    accountTitle: "Ihr Konto",
    accountLead: (organisation) =>
      `Dies ist ein temporäres Konto bei ${organisation}. Es wurde angelegt, damit Sie Nachrichten sicher empfangen können.`,
    signInName: "Benutzername",
    address: "Ihre Adresse",
    sponsor: "Für Sie angelegt von",
    ends: "Gültig bis",
    renewal: (who) =>
      `Nur ${who} kann dieses Konto verlängern. Antworten Sie dazu auf eine der Nachrichten.`,
    leave: "Mein Konto jetzt löschen",
    leaveLead:
      "Alle Nachrichten in Ihrem Konto, gelesen oder ungelesen, werden samt ihren Schlüsseln sofort vernichtet. Niemand kann sie wiederherstellen.",
    // A word without an umlaut, because the recipient may use a foreign keyboard.
    leaveWord: "entfernen",
    leaveType: (word) => `Geben Sie zur Bestätigung „${word}“ ein`,
    leaveTypeWrong: (word) => `Geben Sie zur Bestätigung das Wort „${word}“ ein.`,
    leavePassword: "Ihre Passphrase",
    leaveBusy: "Wird gelöscht…",
    left: "Ihr Konto und alles darin wurden gelöscht.",
    leaveFailed: (why) => `Ihr Konto wurde nicht gelöscht. ${why}`,
  },
} satisfies Outside;
