// The words for people outside: collecting a message, their own pages, checking a notification.
import { many, messages, of } from "../forms/fr.ts";
import type { Outside } from "./en.ts";

export const outside = {
  pickup: {
    // None is left to open once all are; they were sent all the same.
    sent: (who, n) =>
      `${who} vous a envoyé ${n === 0 ? "des messages" : n === 1 ? "un message" : messages(n)}`,
    back: (who) => `Heureux de vous revoir. Voici votre compte pour les messages ${of(who)}.`,
    sentAt: "Envoyé",
    reference: "Référence",
    until: "Disponible jusqu’au",
    untilText: (day, distance) => `${day} (${distance})`,
    signIn: "Se connecter pour lire",
    name: "Votre identifiant",
    nameHint: "Nous l’avons rempli pour vous.",
    asks: {
      oneTime: "Mot de passe à usage unique reçu par e-mail",
      own: "Votre phrase de passe",
      inMail: "Mot de passe reçu par e-mail",
      fromSender: "Mot de passe",
    },
    hint: {
      oneTime:
        "Il ne fonctionne qu’une fois. Majuscules ou minuscules, avec ou sans tirets\u00a0: toutes les graphies conviennent.",
      visited: (who) =>
        `Un mot de passe à usage unique a déjà été utilisé ici. Si ce n’était pas vous, prévenez ${who}. Chaque mot de passe ne fonctionne qu’une fois\u00a0: si le vôtre a servi, demandez-en un autre ci-dessous.`,
      own: "Utilisez la phrase de passe que vous avez choisie ici. Les mots de passe de nos e-mails ne fonctionnent plus.",
      inMail:
        "Votre identifiant et le mot de passe se trouvent dans l’e-mail qui vous a conduit ici.",
      fromSender: (who) =>
        `${who} vous communiquera le mot de passe, par exemple par téléphone. Il ne figure dans aucun e-mail.`,
    },
    choose: "Choisissez votre phrase de passe",
    chooseHint: (n) =>
      `Utilisez au moins ${n} caractères\u202f; plusieurs mots conviennent bien. Cette phrase de passe vous sera demandée à la prochaine connexion. Vous pouvez la coller.`,
    strength: {
      empty: "Saisissez une phrase de passe.",
      short: (n) => `Encore ${many(n, "caractère", "caractères")}.`,
      easy: "Elle est facile à deviner. Utilisez d’autres mots, ou davantage de mots.",
      fair: "C’est une bonne phrase de passe.",
      strong: "C’est une très bonne phrase de passe.",
    },
    submit: "Se connecter",
    read: "Lire",
    private:
      "Se connecter n’ouvre aucun message\u00a0: vous décidez pour chacun. Rien n’est enregistré dans ce navigateur.",
    wrongOneTime: "Ce mot de passe à usage unique est incorrect ou a déjà servi.",
    nowVisited:
      "Quelqu’un vient d’utiliser ce mot de passe à usage unique. Si ce n’était pas vous, prévenez l’expéditeur.",
    wrongOwn: "La phrase de passe est incorrecte.",
    wrongOther: "Le mot de passe est incorrect.",
    access: {
      title: {
        oneTime: "Pas de mot de passe à usage unique inutilisé\u202f?",
        fromSender: "Un autre mot de passe\u202f?",
        own: "Phrase de passe oubliée\u202f?",
      },
      oneTime:
        "Nous pouvons en envoyer un autre, uniquement à l’adresse e-mail à laquelle ce message a été envoyé.",
      fromSender: (who) => `${who} peut vous en donner un autre.`,
      own: (who) =>
        `Personne ne peut la restaurer. ${who} peut fermer ce compte et vous renvoyer le message.`,
      address: "Votre adresse e-mail",
      send: "Envoyer un autre mot de passe à usage unique",
      ask: (who) => `Demander à ${who}`,
      sent: (address) => `Un nouvel e-mail est en route vers ${address}.`,
      told: (who) => `Nous avons prévenu ${who}.`,
      often: "Vous avez demandé aussi souvent qu’il est possible en un jour. Réessayez demain.",
      other: "Ce n’est pas l’adresse à laquelle le message a été envoyé.",
    },
    nowClaimed:
      "Une phrase de passe a déjà été choisie pour ce compte. Si c’était vous, connectez-vous avec elle. Sinon, prévenez l’expéditeur.",
    weak: (n) =>
      `Cette phrase de passe est trop facile à deviner. Utilisez au moins ${n} caractères, et rien qui figure dans l’e-mail.`,
    otherSession: (address) =>
      `Ce navigateur est connecté en tant que ${address}. Si vous vous connectez ici, cette session prendra fin.`,
    inside: "Vous êtes déjà connecté.",
    toMessages: "Aller à vos messages",
    notMine: "Ce message n’est pas pour moi",
    notMineLead:
      "Dans ce cas, vous n’avez rien à faire. Fermez cette page et supprimez l’e-mail. Personne n’est averti, le message reste fermé et sera supprimé automatiquement.",
    notMineReject:
      "Vous pouvez aussi vous connecter et refuser le message sans le lire. L’expéditeur en est alors averti.",
    phone: (organisation) => `Vous pouvez aussi appeler ${organisation}\u00a0:`,
    expired: "Ce message a expiré",
    expiredLead: (day) => `Il était disponible jusqu’au ${day}. Son contenu a été détruit.`,
    revoked: "Ce message n’est plus disponible",
    revokedLead: (who) => `${who} en a retiré l’accès.`,
    unknown: "Nous ne connaissons pas ce lien",
    unknownLead:
      "Il manque peut-être une partie du lien. Assurez-vous d’avoir copié toute la ligne, y compris ce qui suit «\u00a0/pickup/\u00a0». Le lien peut aussi être si ancien que nous n’en avons plus de trace.",
    failed: "La page n’a pas pu être chargée",
    ask: (who) => `Demander à ${who} de renvoyer le message`,
    asking: "Envoi de la demande…",
    asked: (who) =>
      `Nous avons transmis votre demande à ${who}. Si le message est renvoyé, vous recevrez un nouvel e-mail.`,
    askedLately: (who) =>
      `Nous avons déjà transmis une demande à ${who} aujourd’hui. Nous en transmettons une par jour.`,
    askFailed: "Nous n’avons pas pu transmettre votre demande. Réessayez plus tard.",
    language: "Langue",
    verifyLink: "Ce message vient-il vraiment de nous\u202f? Vérifier un numéro de référence",
  },
  verify: {
    title: "Cet e-mail vient-il de nous\u202f?",
    lead: "Chacun de nos e-mails contient un numéro de référence de 20 lettres et chiffres. Saisissez-le ici, et nous vous dirons si l’e-mail vient de nous. Nous ne révélons ni l’expéditeur, ni le destinataire, ni le sujet.",
    label: "Numéro de référence",
    submit: "Vérifier",
    busy: "Vérification…",
    yes: (when) => `Oui, nous l’avons envoyé le ${when}.`,
    yesUndated: "Oui, nous l’avons envoyé.",
    no: "Nous ne connaissons pas ce numéro. Si un e-mail qui le porte prétend venir de nous, n’en suivez pas les liens.",
    form: "Un numéro de référence compte 20 lettres et chiffres, en quatre groupes de cinq.",
  },
  portal: {
    skip: "Aller au contenu de la page",
    places: "Navigation",
    messages: "Messages",
    account: "Compte",
    title: "Messages pour vous",
    lead: (n) =>
      n === 0
        ? "Vous n’avez aucun message non ouvert."
        : `Vous avez ${many(n, "message non ouvert", "messages non ouverts")}.`,
    none: "Vous n’avez aucun message.",
    noneNext:
      "Les nouveaux messages s’affichent ici automatiquement tant que votre accès est valable.",
    noneSent: "Ce que vous envoyez d’ici apparaît ici.",
    sentTo: (to) => `Envoyé à ${to}`,
    waiting: "Pas encore ouvert",
    openedBefore: "Ouvert",
    told: (who) =>
      `Si vous ouvrez ou refusez ce message, ${who} le saura, ainsi que l’heure, et rien d’autre.`,
    openLabel: (subject) => `Ouvrir «\u00a0${subject}\u00a0»`,
    rejectLabel: (subject) => `Refuser sans lire\u00a0: ${subject}`,
    older: "Afficher les messages plus anciens",
    notice: {
      read: (who) => `${who} a lu votre réponse.`,
      rejected: (who) => `${who} a refusé votre réponse sans la lire.`,
      refused: (who) => `Votre réponse à ${who} a été refusée.`,
      expired: (who) => `${who} n’a pas ouvert votre réponse à temps.`,
      failed: (who) => `Votre réponse n’a pas pu être remise à ${who}.`,
      delayed: (who) =>
        `Votre réponse à ${who} est retardée. Nous essayons toujours de la remettre.`,
      ending: (who) => `Le compte ${of(who)} expire bientôt.`,
      asked: (who) => `${who} vous demande de renvoyer le message.`,
      "asked-password": (who) => `${who} a demandé un autre mot de passe à usage unique.`,
      forgotten: (who) =>
        `${who} a oublié la phrase de passe et vous demande de renvoyer vos messages.`,
      filling: (who) => `La boîte aux lettres ${who} est pleine à plus de 80 %.`,
      "almost-full": (who) => `La boîte aux lettres ${who} est pleine à plus de 95 %.`,
    },
    toMessages: "Retour aux messages",
    print: "Imprimer",
    delete: "Supprimer",
    deleteAsk: "Supprimer ce message\u202f?",
    deleteLead:
      "Votre copie et sa clé de chiffrement seront détruites immédiatement. L’expéditeur sait déjà quand vous avez ouvert le message, mais ne sera pas averti de sa suppression.",
    reply: "Répondre en toute sécurité",
    replyTo: (who) => `Votre réponse n’est envoyée qu’à ${who}.`,
    replyText: "Votre réponse",
    replyQuoted: "Le message auquel vous répondez est cité sous votre réponse.",
    replyResumed: "Vous avez commencé cette réponse précédemment.",
    attach: "Joindre des fichiers",
    uploading: (percent) => `${percent}\u202f% envoyés`,
    uploaded: "Joint",
    uploadFailed: "L’envoi du fichier a échoué.",
    uploadTooLarge: "Ce fichier est trop volumineux.",
    uploadRemove: (name) => `Retirer ${name}`,
    send: "Envoyer la réponse",
    sending: "Envoi…",
    savedAt: (time) => `Enregistré à ${time}`,
    notSaved: "Pas encore enregistré\u202f; votre texte est toujours ici.",
    empty: "Écrivez quelque chose ou joignez un fichier.",
    stillUploading: "Des fichiers sont encore en cours d’envoi. Veuillez attendre la fin.",
    uploadsBroken: "Un fichier n’a pas pu être envoyé. Réessayez ou retirez-le.",
    wouldBeClear:
      "Votre réponse n’a pas été envoyée, car elle aurait quitté ce serveur sans protection.",
    sendFailed: (why) => `Votre réponse n’a pas été envoyée. ${why}`,
    sendUnsure:
      "Le serveur n’a pas répondu. Vous pouvez réessayer sans risque\u00a0: la réponse ne sera envoyée qu’une fois.",
    sent: (reference) => `Réponse envoyée. Référence\u00a0: ${reference}`,
    sentHint: "Vous trouverez ici une confirmation quand votre réponse aura été lue.",
    undone: "Votre réponse n’a pas été envoyée. Vous pouvez continuer à la modifier.",
    undoLate: "Votre réponse a déjà été envoyée.",
    another: "Écrire une autre réponse",
    comeBack: {
      ended:
        "Vous n’avez pas encore de phrase de passe. Pour continuer, saisissez un autre mot de passe à usage unique\u00a0: le lien de notre e-mail permet d’en demander un.",
      title: "Pour revenir ici",
      lead: "Choisissez une phrase de passe. Sans elle, il vous faudra un autre mot de passe à usage unique la prochaine fois.",
      action: "Enregistrer la phrase de passe",
      busy: "Enregistrement…",
      later: "Pas maintenant",
      saved:
        "Votre phrase de passe est enregistrée. Elle vous permet de vous connecter jusqu’à l’expiration de votre compte.",
      leaving: "Avant de vous déconnecter",
      without: "Se déconnecter sans phrase de passe",
    },
    accountTitle: "Votre compte",
    accountLead: (organisation) =>
      `Ceci est un compte temporaire chez ${organisation}. Il a été créé pour que vous puissiez recevoir des messages en toute sécurité.`,
    signInName: "Identifiant",
    address: "Votre adresse",
    sponsor: "Créé pour vous par",
    ends: "Expire le",
    renewal: (who) =>
      `Seule la personne suivante peut prolonger ce compte\u00a0: ${who}. Pour le demander, répondez à l’un des messages.`,
    leave: "Supprimer mon compte maintenant",
    leaveLead:
      "Tous les messages de votre compte, lus ou non, sont détruits immédiatement avec leurs clés de chiffrement. Personne ne pourra les restaurer.",
    leaveWord: "supprimer",
    leaveType: (word) => `Saisissez «\u00a0${word}\u00a0» pour confirmer`,
    leaveTypeWrong: (word) => `Saisissez le mot «\u00a0${word}\u00a0» pour confirmer.`,
    leavePassword: "Votre phrase de passe",
    leaveBusy: "Suppression…",
    left: "Votre compte et tout son contenu ont été supprimés.",
    leaveFailed: (why) => `Votre compte n’a pas été supprimé. ${why}`,
  },
} satisfies Outside;
