/** All that the page says, in German. */

import type { Texts } from "./en.ts";

const tasks = (count: number) => (count === 1 ? "1 Aufgabe" : `${count} Aufgaben`);

export const de: Texts = {
  quoted: (text) => `„${text}“`,
  tasks,
  undo: "Rückgängig",
  cancel: "Abbrechen",
  close: "Schließen",
  dismiss: "Ausblenden",
  tryAgain: "Noch einmal versuchen",
  none: "keine",

  views: {
    title: "Ansichten",
    open: "Offen",
    today: "Heute",
    week: "Nächste 7 Tage",
    overdue: "Überfällig",
    completed: "Erledigt",
    all: "Alle Aufgaben",
    trash: "Papierkorb",
    tags: "Schlagwörter",
    other: "Aufgaben",
  },
  summary: (completed, total, overdue) =>
    `${completed} von ${total} erledigt${overdue ? `, ${overdue} überfällig` : ""}`,
  skip: "Zu den Aufgaben springen",

  priorities: { urgent: "Dringend", high: "Hoch", medium: "Mittel", low: "Niedrig" },
  days: { yesterday: "Gestern", today: "Heute", tomorrow: "Morgen" },

  fields: {
    title: "Titel",
    notes: "Notizen",
    priority: "Priorität",
    due: "Fällig",
    time: "Uhrzeit",
    tags: "Schlagwörter",
  },
  left: (characters) => `Noch ${characters} Zeichen`,
  tooLong: (characters) => `${characters} Zeichen zu viel: Der Rest passt in die Notizen.`,
  tagsFull: (most) => `Nicht mehr als ${most} Schlagwörter`,
  tagsExample: "Haushalt, Einkauf",
  tagsAlike: "Ähnliche Schlagwörter",
  newTag: (tag) => `Neues Schlagwort „${tag}“`,
  removeTag: (tag) => `Schlagwort ${tag} entfernen`,

  add: {
    form: "Aufgabe hinzufügen",
    title: "Titel einer neuen Aufgabe",
    details: "Details",
    add: "Hinzufügen",
    where: (what) => `${what} steht jetzt unter „Offen“`,
    show: "Anzeigen",
    lines: (count) => `${tasks(count)} hinzugefügt`,
    linesTitle: (count) => `${tasks(count)} hinzufügen?`,
    linesText: "Jede eingefügte Zeile wird eine Aufgabe.",
    linesAction: "Hinzufügen",
  },

  task: {
    list: "Aufgaben",
    completed: (title) => `Erledigt: ${title}`,
    select: (title) => `Auswählen: ${title}`,
    remove: (title) => `Löschen: ${title}`,
    restore: (title) => `Wiederherstellen: ${title}`,
    onlyTag: (tag) => `Schlagwort ${tag}: nur diese anzeigen`,
    waiting: "Noch nicht gesendet",
    overdue: ", überfällig",
    deleted: (when) => `Gelöscht am ${when}`,
  },

  dialog: {
    edit: "Aufgabe bearbeiten",
    new: "Neue Aufgabe",
    save: "Speichern",
    saving: "Wird gespeichert…",
    kept: "Vorgemerkt; wird gespeichert, sobald der Server antwortet.",
    discarded: "Änderungen verworfen",
  },

  conflict: {
    says: "Diese Aufgabe wurde inzwischen anderswo geändert. Dort steht jetzt:",
    mine: "Meines speichern",
    theirs: "Das andere übernehmen",
  },
  refused: {
    title: (title) => `„${title}“ wurde nicht gespeichert.`,
    review: "Ansehen",
    discard: "Verwerfen",
  },

  done: {
    completed: (what) => `${what} erledigt`,
    deleted: (what) => `${what} in den Papierkorb gelegt`,
    restored: (what) => `${what} wiederhergestellt`,
    emptied: "Der Papierkorb ist leer",
  },
  failed: {
    complete: "Nicht erledigt",
    delete: "Nicht gelöscht",
    restore: "Nicht wiederhergestellt",
    "empty-trash": "Nicht geleert",
    other: "Nicht gespeichert",
  },

  toolbar: {
    search: "Suchen",
    searchTasks: "Aufgaben suchen",
    due: "Fällig",
    dues: { any: "Jederzeit fällig", overdue: "Überfällig", today: "Heute", week: "Nächste 7 Tage" },
    priority: "Priorität",
    anyPriority: "Jede Priorität",
    sort: "Reihenfolge",
    sorts: {
      "-created": "Neueste zuerst",
      due_date: "Fälligkeit",
      "-priority": "Priorität",
      title: "Titel",
      "-updated": "Zuletzt geändert",
    },
    select: "Auswählen",
    withoutTag: (tag) => `Nicht mehr nach Schlagwort ${tag} filtern`,
    clear: "Filter aufheben",
  },

  selection: {
    title: "Ausgewählte Aufgaben",
    none: "Aufgaben auswählen",
    count: (count) => `${count} ausgewählt`,
    all: "Alle auswählen",
    complete: "Erledigen",
    reopen: "Wieder öffnen",
    delete: "Löschen",
    restore: "Wiederherstellen",
  },

  list: {
    loading: "Deine Aufgaben werden geladen",
    more: "Mehr anzeigen",
    loadingMore: "Wird geladen…",
    noMatch: "Keine passende Aufgabe.",
    showAll: "Alle anzeigen",
    noneCompleted: "Was du erledigst, steht hier.",
    clear: "Nichts zu tun.",
    begin: "Schreib auf, was ansteht, und drück die Eingabetaste.",
    stale: "Diese Liste ist vielleicht nicht aktuell.",
    elsewhere: (count) => `${count} weitere unter allen Aufgaben`,
    awaited: {
      tasks: "Deine Aufgaben sind da, sobald der Server antwortet.",
      trash: "Dein Papierkorb ist da, sobald der Server antwortet.",
    },
  },

  trash: {
    list: "Gelöschte Aufgaben",
    wait: (days) =>
      `Gelöschte Aufgaben bleiben ${days === 0 ? "eine Weile" : days === 1 ? "einen Tag" : `${days} Tage`} hier, bevor sie endgültig verschwinden.`,
    none: "Der Papierkorb ist leer.",
    empty: "Papierkorb leeren",
    emptyTitle: "Papierkorb leeren?",
    emptyText: "Alles darin wird endgültig gelöscht. Nichts bringt es zurück.",
    restore: "Wiederherstellen",
  },

  signIn: {
    title: "Anmelden",
    titleNew: "Konto anlegen",
    elsewhere: "Du hast dich in einem anderen Tab abgemeldet.",
    ended: "Deine Sitzung ist abgelaufen. Melde dich wieder an; was du geschrieben hast, ist noch da.",
    name: "Name",
    email: "E-Mail",
    password: "Passwort",
    shortest: (characters) => `Mindestens ${characters} Zeichen`,
    show: "Anzeigen",
    hide: "Verbergen",
    busy: "Einen Moment…",
    create: "Konto anlegen",
    hasOne: "Du hast schon ein Konto?",
    hasNone: "Neu hier?",
    createOne: "Konto anlegen",
    noAnswer: "Die Anmeldung antwortet gerade nicht.",
    noReach: "Die Anmeldung ist nicht erreichbar.",
    tooMany: (seconds) => `Zu viele Versuche. Versuch es in ${seconds ?? "einigen"} Sekunden wieder.`,
  },

  account: {
    menu: (initials, name) => `${initials}, Konto von ${name}`,
    signOut: "Abmelden",
    stillIn: "Du bist noch angemeldet.",
    signOutTitle: "Jetzt abmelden?",
    signOutText: "Einige Änderungen sind noch nicht gesendet. Wenn du dich jetzt abmeldest, gehen sie verloren.",
    manage: "Exportieren, löschen…",
    title: "Dein Konto",
    exportTitle: "Aufgaben mitnehmen",
    exportText: "Alle Aufgaben in einer Datei, ohne die im Papierkorb.",
    formats: { json: "JSON, alles", csv: "CSV, für Tabellen", ics: "iCalendar, für Kalender" },
    eraseTitle: "Konto löschen",
    eraseText: "Alle deine Aufgaben und deine Anmeldung werden gelöscht, auf jedem Gerät. Nichts bringt sie zurück.",
    erase: "Löschen…",
    eraseAction: "Alles löschen",
    wrongPassword: "Das ist nicht dein Passwort.",
  },

  theme: { title: "Farben", system: "Auto", light: "Hell", dark: "Dunkel" },

  shortcuts: {
    title: "Tastenkürzel",
    add: "Aufgabe hinzufügen",
    search: "Suchen",
    move: "Nächste, vorige Aufgabe",
    open: "Aufgabe öffnen",
    complete: "Erledigen oder wieder öffnen",
    select: "Auswählen",
    range: "Alle ab der zuletzt ausgewählten auswählen",
    delete: "Löschen",
    save: "Speichern, was offen ist",
    undo: "Das Letzte rückgängig machen",
    close: "Schließen, abbrechen",
    list: "Diese Liste",
    letters: "Einzelne Buchstaben sind Tastenkürzel",
    keys: { enter: "Eingabe", shift: "Umschalt", control: "Strg", escape: "Esc", delete: "Entf" },
  },

  notices: "Meldungen",
  update: { found: "Eine neue Fassung dieser Seite ist da.", use: "Verwenden" },
  link: {
    offline: "Du bist offline.",
    away: "Der Server antwortet nicht.",
    limited: "Das war viel auf einmal.",
    nothing: "Was du änderst, wird aufgehoben und später gesendet.",
    kept: (changes) =>
      changes === 1
        ? "1 Änderung ist aufgehoben und wird später gesendet."
        : `${changes} Änderungen sind aufgehoben und werden später gesendet.`,
    now: "Jetzt versuchen",
    next: (seconds) => `Nächster Versuch in ${seconds} s`,
    trying: "Wird versucht…",
  },

  wentWrong: "Etwas ist schiefgegangen.",
  partly: (failed, all) => `${failed} von ${all} Aufgaben konnten nicht geändert werden.`,
  inDoubt:
    "Vielleicht ist sie schon vor einiger Zeit gespeichert worden: Sieh nach, bevor du sie noch einmal speicherst.",
  problems: {
    INVALID_EMAIL_OR_PASSWORD: "E-Mail oder Passwort stimmt nicht.",
    INVALID_EMAIL: "Das ist keine E-Mail-Adresse.",
    INVALID_PASSWORD: "Das Passwort stimmt nicht.",
    PASSWORD_TOO_SHORT: "Das Passwort ist zu kurz.",
    PASSWORD_TOO_LONG: "Das Passwort ist zu lang.",
    USER_ALREADY_EXISTS: "Mit dieser E-Mail-Adresse gibt es schon ein Konto.",
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "Mit dieser E-Mail-Adresse gibt es schon ein Konto.",
  },
  unreachable: "Der Server ist nicht erreichbar.",
};
