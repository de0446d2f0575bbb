// The frame of every page: signing in, navigation, help, problems and times.
import { form } from "../forms/de.ts";
import type { Frame } from "./en.ts";

export const frame = {
  app: {
    name: "Postern",
    skip: "Zu den Nachrichten springen",
    offline:
      "Sie sind offline. Was auf dem Bildschirm steht, können Sie weiter lesen; Ihre Änderungen werden gesendet, sobald die Verbindung wieder besteht.",
    again: "Sie sind wieder online.",
    loading: "Wird geladen…",
    rail: "Bereiche",
  },
  rail: {
    mail: "E-Mail",
    contacts: "Kontakte",
    search: "Suche",
    more: "Mehr",
    colleagues: "Personen",
    groups: "Gruppen",
    sessions: "Sitzungen",
    settings: "Einstellungen",
    manage: "Verwaltung",
    about: "Info",
    signOut: "Abmelden",
    account: (address) => `Angemeldet als ${address}`,
  },
  common: {
    cancel: "Abbrechen",
    close: "Schließen",
    dismiss: "Ausblenden",
    undo: "Rückgängig",
    retry: "Erneut versuchen",
    save: "Speichern",
    copied: "Kopiert.",
    back: "Zurück",
    errorId: (id) => `Fehler ${id}`,
  },
  signIn: {
    passkey: "Mit Passkey anmelden",
    passkeyNone: "Sie haben keinen Passkey ausgewählt.",
    passkeyUnknown: "Dieser Passkey gehört zu keinem Konto auf diesem Server.",
    code: "Code aus Ihrer Authenticator-App",
    codeNeeded: "Geben Sie den Code aus Ihrer Authenticator-App ein.",
    codeWrong:
      "Dieser Code ist nicht gültig. Warten Sie auf den nächsten und versuchen Sie es erneut.",
    title: "Anmelden",
    lead: "Ihre Nachrichten bleiben auf diesem Server. Sie lesen sie hier in Ihrem Browser.",
    again: "Melden Sie sich erneut an, um fortzufahren",
    againLead:
      "Ihre Sitzung ist beendet. Es geht nichts verloren: Ihre Arbeit ist hinter diesem Fenster noch geöffnet.",
    name: "Benutzername",
    password: "Passwort",
    show: "Passwort anzeigen",
    hide: "Passwort verbergen",
    shared: "Dieser Computer wird von mehreren Personen genutzt",
    sharedHint:
      "In diesem Browser wird nichts gespeichert; beim Neuladen müssen Sie das Passwort erneut eingeben.",
    submit: "Anmelden",
    busy: "Anmeldung läuft…",
    wrong: "Benutzername oder Passwort ist falsch.",
    slow: (time) => `Zu viele Versuche. Warten Sie ${time} und versuchen Sie es dann erneut.`,
    unreachable:
      "Der Server ist nicht erreichbar. Prüfen Sie die Verbindung und versuchen Sie es erneut.",
    insecure:
      "Diese Seite benötigt eine sichere Verbindung (HTTPS). Ohne sie kann Ihr Browser Sie nicht anmelden.",
    failed: (detail) => `Anmeldung fehlgeschlagen: ${detail}`,
    last: (when) => `Letzte Anmeldung: ${when}.`,
    first: "Dies ist Ihre erste Anmeldung.",
    memoryOnly:
      "Dieser Browser konnte den Schlüssel nicht speichern. Beim Neuladen müssen Sie Ihr Passwort erneut eingeben.",
  },
  side: {
    find: "Einstellung suchen",
    none: "Nichts gefunden.",
    general: "Allgemein",
    security: "Passwort und Wiederherstellung",
    keys: "Passkeys, Codes und App-Passwörter",
  },
  palette: {
    title: "Befehl, Seite oder Suche eingeben",
    act: "Befehl",
    place: "Seite",
    search: (query) => `Nach „${query}“ suchen`,
  },
  tour: {
    of: (n, all) => `${n} von ${all}`,
    next: "Weiter",
    skip: "Überspringen",
    done: "Jetzt lesen",
    sealed: "Jede Nachricht ist versiegelt",
    sealedText:
      "Bevor Sie eine Nachricht öffnen, sehen Sie Absender, Zeit und Betreff. Dann können Sie sie öffnen oder ungelesen ablehnen. Niemand sonst kann das.",
    told: "Absender erhalten eine Bestätigung",
    toldText:
      "Wenn Sie eine Nachricht öffnen oder ablehnen, erfährt der Absender das und den Zeitpunkt, sonst nichts. Ebenso können Sie verfolgen, was mit Ihren eigenen Nachrichten geschieht: Den Status finden Sie unter „Gesendet“.",
    outside: "Sicher an alle schreiben",
    outsideText:
      "Sie können an jede E-Mail-Adresse schreiben. Neben jedem Empfänger steht, wie ihn die Nachricht erreicht: intern, über ein temporäres Konto oder als gewöhnliche E-Mail.",
    find: "Alles wiederfinden",
    findText:
      "Drücken Sie /, um die geöffneten Nachrichten zu durchsuchen, Strg+K für Befehle und Seiten und ? für alle Tastenkürzel.",
  },
  help: {
    title: "Tastenkürzel",
    moving: "Navigation",
    acting: "Aktionen",
    off: "Tastenkürzel mit einzelnen Buchstaben sind in den Einstellungen ausgeschaltet.",
    next: "Nächste Nachricht",
    previous: "Vorherige Nachricht",
    open: "Nachricht zeigen; nochmals drücken, um sie zu öffnen",
    reject: "Nachricht ungelesen ablehnen",
    back: "Zurück zur Liste oder schließen",
    inbox: "Zum Posteingang",
    starred: "Zu den Nachrichten mit Stern",
    drafts: "Zu den Entwürfen",
    sent: "Zu „Gesendet“",
    all: "Zu allen Nachrichten",
    filter: "Liste filtern oder mit der Eingabetaste suchen",
    label: "Labels hinzufügen oder entfernen",
    later: "Nächste Nachricht der Konversation",
    earlier: "Vorherige Nachricht der Konversation",
    palette: "Befehlspalette öffnen",
    compose: "Nachricht schreiben",
    reply: "Antworten",
    replyAll: "Allen antworten",
    forward: "Weiterleiten",
    send: "Nachricht senden",
    junk: "In den Spam-Ordner verschieben",
    archive: "Archivieren",
    delete: "Löschen",
    star: "Stern hinzufügen oder entfernen",
    select: "Nachricht auswählen",
    read: "Als gelesen markieren",
    unread: "Als ungelesen markieren",
    undo: "Rückgängig machen",
    help: "Diese Liste anzeigen",
    or: "oder",
    then: "dann",
  },
  about: {
    title: "Über Postern",
    lead: "Postern bewahrt Ihre Nachrichten auf dem eigenen Server Ihrer Organisation auf und zeigt sie in Ihrem Browser an. Diese Seite lädt nichts von anderen Websites, und in diesem Browser werden keine Nachrichten gespeichert.",
    licences: "Lizenzen der auf dieser Seite verwendeten Software",
    loading: "Lizenzen werden geladen…",
    failed: "Die Lizenzen konnten nicht geladen werden.",
  },
  notices: {
    title: "Desktop-Benachrichtigungen",
    label: "Mich auf diesem Computer über neue Nachrichten benachrichtigen",
    hint: "Diese Einstellung gilt nur für diesen Browser. Die Benachrichtigung meldet, dass eine Nachricht eingegangen ist, aber nicht, von wem sie ist oder was darin steht.",
    arrived: (n) => form(n, "Sie haben 1 neue Nachricht.", `Sie haben ${n} neue Nachrichten.`),
    first: "So benachrichtigen wir Sie über neue Nachrichten.",
    refused:
      "Ihr Browser blockiert Benachrichtigungen von dieser Website. Sie können sie in den Website-Einstellungen des Browsers erlauben.",
  },
  problems: {
    invalid: (detail) => `Der Server hat das nicht angenommen: ${detail}`,
    denied: (detail) => `Der Server erlaubt das nicht: ${detail}`,
    "not-found": "Das existiert nicht oder ist nicht mehr verfügbar.",
    "no-such-reader": "Eine der genannten Personen oder Gruppen ist hier nicht bekannt.",
    busy: "Der Server ist stark ausgelastet. Versuchen Sie es gleich noch einmal.",
    "too-large": "Die Anhänge dieser Nachricht sind größer als erlaubt.",
    "code-needed": "Geben Sie auch den Code Ihrer Authenticator-App ein.",
    "wrong-code": "Dieser Code ist nicht gültig oder wurde bereits verwendet.",
    "over-quota":
      "Sie haben die Höchstzahl erreicht. Entfernen Sie etwas, bevor Sie mehr hinzufügen.",
    "mailbox-full":
      "Ihr Postfach ist voll. Löschen Sie Nachrichten und leeren Sie den Papierkorb, um Platz zu schaffen.",
    full: "Der Datenträger des Servers ist voll. Sie können Ihre Nachrichten weiterhin lesen.",
    unavailable: "Das ist im Moment nicht möglich. Es wurde nichts geändert.",
    damaged: "Die gespeicherten Daten sind beschädigt und können nicht angezeigt werden.",
    "message-damaged":
      "Diese Nachricht oder etwas, das für ihre Anzeige nötig ist, ist auf der Festplatte des Servers beschädigt. Vielleicht kann die Administration es aus einer Sicherung wiederherstellen.",
    "newer-record":
      "Eine neuere Version von Postern hat diese Daten geschrieben. Sie sind unverändert, aber diese Version kann sie nicht lesen.",
    broken: "Auf dem Server ist ein Fehler aufgetreten. Er wurde protokolliert.",
    gone: "Dieser Link ist abgelaufen oder wurde bereits verwendet.",
    "stale-proof":
      "Die Uhr dieses Computers geht falsch. Stellen Sie sie richtig und versuchen Sie es erneut.",
    "not-opened": "Diese Nachricht wurde noch nicht geöffnet.",
    "already-opened": "Diese Nachricht wurde bereits geöffnet.",
    "not-empty": "Dieser Ordner enthält noch Nachrichten.",
    exists: "Dieser Name wird bereits verwendet.",
    "already-sent": "Diese Nachricht wurde bereits gesendet.",
    "being-sent": "Diese Nachricht wird gerade gesendet.",
    "others-wait": "In diesem temporären Konto warten Nachrichten anderer Absender.",
    labels: "Eine Nachricht kann keine weiteren Labels haben.",
    "edited-elsewhere":
      "Dieser Entwurf wurde in einem anderen Fenster oder auf einem anderen Gerät geändert.",
    "upload-incomplete": "Eine Datei wurde noch nicht vollständig hochgeladen.",
    "totp-on": "Die Bestätigung in zwei Schritten ist bereits aktiviert.",
    "asked-often":
      "Sie haben so oft gefragt, wie es an einem Tag möglich ist. Versuchen Sie es morgen wieder.",
    "register-old":
      "Die Liste Ihrer Bürgschaften ist älter als die zuletzt signierte. Sehen Sie sie erst an.",
    "key-differs": "Der Code gehört nicht zum Schlüssel dieser Person.",
    "asked-already": "Diese Person wurde schon gebeten oder hat vor kurzem abgelehnt.",
    "same-password": "Das neue Passwort muss sich vom alten unterscheiden.",
    "choose-password": "Melden Sie sich an und wählen Sie zuerst Ihr eigenes Passwort.",
    "keys-differ":
      "Die Schlüssel dieses Kontos gehören nicht zusammen; es wurde deshalb deaktiviert. Verständigen Sie Ihre Administration.",
    "one-time-password":
      "Dieses Konto öffnet ein Einmalpasswort. Senden Sie stattdessen die Benachrichtigung erneut.",
    "passphrase-chosen": "Eine Passphrase wurde bereits gewählt.",
    "request-waits": "Das wurde schon gefragt, oder so viel, wie auf eine Antwort warten darf.",
    "invited-often":
      "Eine dieser Personen wurde in einem Monat so oft um Termine gebeten, wie es möglich ist. Nichts wurde gesendet.",
    "requested-often":
      "Sie haben so oft gefragt, wie es an einem Tag möglich ist. Versuchen Sie es morgen wieder.",
    "too-late":
      "Die Nachricht wurde bereits gesendet. Das lässt sich nicht mehr rückgängig machen.",
    "sealed-text":
      "Die Nachricht enthält noch Text aus einer versiegelten Nachricht, der nicht ungeschützt gesendet werden darf.",
    "sealed-files":
      "Dateien aus einer versiegelten Nachricht dürfen nicht ungeschützt gesendet werden.",
    "still-there": "Das Konto besteht noch. Bitte melden Sie sich an.",
    "too-old": "Die Änderungen seit diesem Zeitpunkt sind nicht mehr verfügbar.",
    "group-changed":
      "Diese Gruppe wurde in einem anderen Fenster oder von jemand anderem geändert. Sie wird jetzt so gezeigt, wie sie ist.",
    "group-keys-wait":
      "Die Schlüssel dieser Gruppe sind noch nicht da: Erst muss ein Mitglied angemeldet sein, das sie hat.",
    "group-keys-unproven":
      "Nichts beweist, dass ein Mitglied der Gruppe ihre Schlüssel begonnen hat. Öffnen Sie die Seite der Gruppe.",
    "role-mailbox": "Diese Gruppe hat ein Funktionspostfach. Lösen Sie das zuerst auf.",
    "last-group-manager":
      "Dies ist der letzte Verwalter der Gruppe. Machen Sie zuerst ein anderes Mitglied zum Verwalter.",
    "name-held":
      "Bis vor Kurzem hatte jemand diesen Namen oder diese Adresse. Sie wird 90 Tage lang nicht vergeben, damit niemand anderes diese Nachrichten bekommt.",
    "last-address": "Das ist die letzte Adresse. Fügen Sie zuerst eine andere hinzu.",
    "name-differs": "Das ist nicht der Benutzername.",
    "totp-stopped":
      "Zu viele Codes in Folge waren falsch, deshalb nimmt dieses Konto keine mehr an. Melden Sie sich mit einem Passkey an, verwenden Sie den Wiederherstellungsschlüssel, oder fragen Sie Ihre Administration.",
  },
  time: {
    now: "jetzt",
    bytes: "Byte",
  },
} satisfies Frame;
