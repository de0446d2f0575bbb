// The words for people outside: collecting a message, their own pages, checking a notification.
import { many, messages, form } from "../forms/es.ts";
import type { Outside } from "./en.ts";

export const outside = {
  pickup: {
    sent: (who, n) =>
      form(n, `${who} le ha enviado un mensaje`, `${who} le ha enviado ${messages(n)}`),
    back: (who) =>
      `Le damos de nuevo la bienvenida. Esta es su cuenta para los mensajes de ${who}.`,
    sentAt: "Enviado",
    reference: "Referencia",
    until: "Disponible hasta",
    untilText: (day, distance) => `${day} (${distance})`,
    signIn: "Inicie sesión para leer",
    name: "Su nombre de usuario",
    nameHint: "Lo hemos rellenado por usted.",
    asks: {
      oneTime: "Contraseña de un solo uso recibida por correo",
      own: "Su frase de contraseña",
      inMail: "Contraseña recibida por correo",
      fromSender: "Contraseña",
    },
    hint: {
      oneTime:
        "Funciona una sola vez. En mayúsculas o minúsculas, con guiones o sin ellos: cualquier forma es válida.",
      visited: (who) =>
        `Aquí ya se ha usado una contraseña de un solo uso. Si no fue usted, avise a ${who}. Cada contraseña funciona una vez: si la suya ya se usó, pida otra más abajo.`,
      own: "Use la frase de contraseña que eligió aquí. Las contraseñas de nuestros correos ya no funcionan.",
      inMail: "Su nombre de usuario y su contraseña figuran en el correo que le ha traído aquí.",
      fromSender: (who) =>
        `${who} le dirá la contraseña, por ejemplo por teléfono. No figura en ningún correo.`,
    },
    choose: "Elija su propia frase de contraseña",
    chooseHint: (n) =>
      `Use al menos ${many(n, "carácter", "caracteres")}; varias palabras son una buena opción. La necesitará la próxima vez que inicie sesión. Puede pegarla.`,
    strength: {
      empty: "Escriba una frase de contraseña.",
      short: (n) => form(n, "Falta 1 carácter.", `Faltan ${n} caracteres.`),
      easy: "Es fácil de adivinar. Use otras palabras, o más palabras.",
      fair: "Es una buena frase de contraseña.",
      strong: "Es una frase de contraseña muy buena.",
    },
    submit: "Iniciar sesión",
    read: "Leer",
    private:
      "Iniciar sesión no abre ningún mensaje: usted decide sobre cada uno. No se guarda nada en este navegador.",
    wrongOneTime: "Esta contraseña de un solo uso no es correcta o ya se ha usado.",
    nowVisited:
      "Alguien acaba de usar esta contraseña de un solo uso. Si no fue usted, avise al remitente.",
    wrongOwn: "La frase de contraseña no es correcta.",
    wrongOther: "La contraseña no es correcta.",
    access: {
      title: {
        oneTime: "¿No tiene una contraseña de un solo uso sin usar?",
        fromSender: "¿Otra contraseña?",
        own: "¿Ha olvidado su frase de contraseña?",
      },
      oneTime:
        "Podemos enviar otra, únicamente a la dirección de correo a la que se envió este mensaje.",
      fromSender: (who) => `${who} puede darle otra.`,
      own: (who) =>
        `Nadie puede recuperarla. ${who} puede cerrar esta cuenta y enviarle de nuevo el mensaje.`,
      address: "Su dirección de correo",
      send: "Enviar otra contraseña de un solo uso",
      ask: (who) => `Pedírselo a ${who}`,
      sent: (address) => `Un nuevo correo va en camino a ${address}.`,
      told: (who) => `Hemos avisado a ${who}.`,
      often: "Ha preguntado tantas veces como es posible en un día. Vuelva a intentarlo mañana.",
      other: "No es la dirección a la que se envió el mensaje.",
    },
    nowClaimed:
      "Ya se ha elegido una frase de contraseña para esta cuenta. Si fue usted, inicie sesión con ella. Si no, avise al remitente.",
    weak: (n) =>
      `Esta frase de contraseña es demasiado fácil de adivinar. Use al menos ${many(n, "carácter", "caracteres")} y nada que figure en el correo.`,
    otherSession: (address) =>
      `En este navegador hay una sesión iniciada como ${address}. Si inicia sesión aquí, esa se cerrará.`,
    inside: "Ya ha iniciado sesión.",
    toMessages: "Ir a sus mensajes",
    notMine: "Esto no es para mí",
    notMineLead:
      "Entonces no tiene que hacer nada. Cierre esta página y elimine el correo. No se avisa a nadie, el mensaje queda sin abrir y se eliminará automáticamente.",
    notMineReject:
      "También puede iniciar sesión y rechazar el mensaje sin leerlo. En ese caso se avisa al remitente.",
    phone: (organisation) => `También puede llamar a ${organisation}:`,
    expired: "Este mensaje ha caducado",
    expiredLead: (day) => `Estuvo disponible hasta el ${day}. Su contenido se ha destruido.`,
    revoked: "Este mensaje ya no está disponible",
    revokedLead: (who) => `${who} ha retirado el acceso.`,
    unknown: "No reconocemos este enlace",
    unknownLead:
      "Puede que falte una parte del enlace. Compruebe que ha copiado toda la línea, incluido lo que sigue a «/pickup/». También puede que el enlace sea tan antiguo que ya no tengamos constancia de él.",
    failed: "No se ha podido cargar la página",
    ask: (who) => `Pedir a ${who} que lo envíe de nuevo`,
    asking: "Enviando la petición…",
    asked: (who) =>
      `Hemos transmitido su petición a ${who}. Si se envía de nuevo, recibirá otro correo.`,
    askedLately: (who) =>
      `Hoy ya hemos transmitido una petición a ${who}. Transmitimos una petición al día.`,
    askFailed: "No hemos podido transmitir su petición. Inténtelo más tarde.",
    language: "Idioma",
    verifyLink: "¿De verdad lo enviaron ustedes? Comprobar un número de referencia",
  },
  verify: {
    title: "¿Lo enviamos nosotros?",
    lead: "Todos nuestros correos contienen un número de referencia de 20 letras y cifras. Escríbalo aquí y le diremos si el correo es nuestro. No revelamos quién lo envió, a quién ni de qué trata.",
    label: "Número de referencia",
    submit: "Comprobar",
    busy: "Comprobando…",
    yes: (when) => `Sí, lo enviamos el ${when}.`,
    yesUndated: "Sí, lo enviamos nosotros.",
    no: "No conocemos ese número. Si un correo con ese número dice ser nuestro, no siga sus enlaces.",
    form: "El número de referencia tiene 20 letras y cifras, en cuatro grupos de cinco.",
  },
  portal: {
    skip: "Saltar al contenido",
    places: "Navegación",
    messages: "Mensajes",
    account: "Cuenta",
    title: "Mensajes para usted",
    lead: (n) =>
      n === 0
        ? "No tiene mensajes sin abrir."
        : `Tiene ${many(n, "mensaje sin abrir", "mensajes sin abrir")}.`,
    none: "No tiene mensajes.",
    noneNext: "Los mensajes nuevos aparecen aquí automáticamente mientras tenga acceso.",
    noneSent: "Lo que envíe desde aquí aparecerá aquí.",
    sentTo: (to) => `Enviado a ${to}`,
    waiting: "Sin abrir",
    openedBefore: "Abierto",
    told: (who) => `Si abre o rechaza este mensaje, ${who} lo sabrá, con la hora, y nada más.`,
    openLabel: (subject) => `Abrir ${subject}`,
    rejectLabel: (subject) => `Rechazar sin leer: ${subject}`,
    older: "Mostrar mensajes anteriores",
    notice: {
      read: (who) => `${who} ha leído su respuesta.`,
      rejected: (who) => `${who} ha rechazado su respuesta sin leerla.`,
      refused: (who) => `No se ha permitido enviar su respuesta a ${who}.`,
      expired: (who) => `${who} no ha abierto su respuesta a tiempo.`,
      failed: (who) => `No se ha podido entregar su respuesta a ${who}.`,
      delayed: (who) => `Su respuesta a ${who} se retrasa. Seguimos intentando entregarla.`,
      ending: (who) => `La cuenta de ${who} caducará pronto.`,
      asked: (who) => `${who} le pide que envíe de nuevo el mensaje.`,
      "asked-password": (who) => `${who} ha pedido otra contraseña de un solo uso.`,
      forgotten: (who) =>
        `${who} ha olvidado la frase de contraseña y le pide que envíe de nuevo sus mensajes.`,
      filling: (who) => `El buzón ${who} está lleno en más del 80 %.`,
      "almost-full": (who) => `El buzón ${who} está lleno en más del 95 %.`,
    },
    toMessages: "Volver a los mensajes",
    print: "Imprimir",
    delete: "Eliminar",
    deleteAsk: "¿Eliminar este mensaje?",
    deleteLead:
      "Su copia y su clave de cifrado se destruyen de inmediato. El remitente ya sabe cuándo abrió usted el mensaje, pero no se le avisa de que lo ha eliminado.",
    reply: "Responder de forma segura",
    replyTo: (who) => `Su respuesta se envía solo a ${who}.`,
    replyText: "Su respuesta",
    replyQuoted: "El mensaje al que responde se cita debajo de su respuesta.",
    replyResumed: "Ya había empezado esta respuesta.",
    attach: "Adjuntar archivos",
    uploading: (percent) => `${percent} % subido`,
    uploaded: "Adjuntado",
    uploadFailed: "No se ha podido subir.",
    uploadTooLarge: "Este archivo es demasiado grande.",
    uploadRemove: (name) => `Quitar ${name}`,
    send: "Enviar la respuesta",
    sending: "Enviando…",
    savedAt: (time) => `Guardado: ${time}`,
    notSaved: "Todavía sin guardar; lo que ha escrito sigue aquí.",
    empty: "Escriba algo o adjunte un archivo.",
    stillUploading: "Todavía se están subiendo archivos. Espere a que terminen.",
    uploadsBroken: "No se ha podido subir un archivo. Inténtelo de nuevo o quítelo.",
    wouldBeClear:
      "Su respuesta no se ha enviado porque habría salido de este servidor sin protección.",
    sendFailed: (why) => `Su respuesta no se ha enviado. ${why}`,
    sendUnsure:
      "El servidor no ha respondido. Puede volver a intentarlo sin riesgo: su respuesta se envía una sola vez.",
    sent: (reference) => `Respuesta enviada. Referencia: ${reference}`,
    sentHint: "Cuando se lea su respuesta, encontrará aquí una confirmación.",
    undone: "Su respuesta no se ha enviado. Puede seguir editándola.",
    undoLate: "Su respuesta ya se ha enviado.",
    another: "Escribir otra respuesta",
    comeBack: {
      ended:
        "Todavía no tiene una frase de contraseña. Para continuar, introduzca otra contraseña de un solo uso: puede pedirla con el enlace de nuestro correo.",
      title: "Para volver aquí",
      lead: "Elija una frase de contraseña. Sin ella, la próxima vez necesitará otra contraseña de un solo uso.",
      action: "Guardar la frase de contraseña",
      busy: "Guardando…",
      later: "Ahora no",
      saved:
        "Se ha guardado su frase de contraseña. Puede iniciar sesión con ella hasta que caduque su cuenta.",
      leaving: "Antes de cerrar la sesión",
      without: "Cerrar la sesión sin frase de contraseña",
    },
    accountTitle: "Su cuenta",
    accountLead: (organisation) =>
      `Esta es una cuenta temporal en ${organisation}. Se creó para que pueda recibir mensajes de forma segura.`,
    signInName: "Nombre de usuario",
    address: "Su dirección",
    sponsor: "Creada para usted por",
    ends: "Caduca",
    renewal: (who) =>
      `Solo ${who} puede prolongar esta cuenta. Para pedirlo, responda a uno de los mensajes.`,
    leave: "Eliminar mi cuenta ahora",
    leaveLead:
      "Todos los mensajes de su cuenta, leídos o no, se destruyen de inmediato junto con sus claves de cifrado. Nadie podrá restaurarlos.",
    leaveWord: "eliminar",
    leaveType: (word) => `Escriba «${word}» para confirmar`,
    leaveTypeWrong: (word) => `Escriba la palabra «${word}» para confirmar.`,
    leavePassword: "Su frase de contraseña",
    leaveBusy: "Eliminando…",
    left: "Se han eliminado su cuenta y todo su contenido.",
    leaveFailed: (why) => `Su cuenta no se ha eliminado. ${why}`,
  },
} satisfies Outside;
