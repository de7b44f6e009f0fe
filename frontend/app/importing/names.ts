/** What people call the formats, and what of their tasks has no place here. */

import type { ImportPreview } from "../../lib/api";

type Format = ImportPreview["format"];
type What = keyof ImportPreview["not_carried"];

export const PROGRAMS: Record<Format, string> = {
  json: "Tasklane",
  csv: "Tasklane",
  ics: "a calendar",
  "google-tasks": "Google Tasks",
  "microsoft-todo": "Microsoft To Do",
  todoist: "Todoist",
  "todoist-csv": "Todoist",
  ticktick: "TickTick",
  trello: "Trello",
  "tasks-org": "Tasks.org",
  asana: "Asana",
  "super-productivity": "Super Productivity",
  vikunja: "Vikunja",
  taskwarrior: "Taskwarrior",
  "todo-txt": "todo.txt",
  "remember-the-milk": "Remember The Milk",
  habitica: "Habitica",
};

const WORDS: Partial<Record<What, string>> = {
  list: "name of the list",
  parent: "place beneath another",
  recurrence: "how it repeats",
  start: "start date",
  status: "state between open and done",
  title: "end of the title",
  description: "end of the notes",
  other: "other things",
  url: "link",
};

/** "start date", of what has no place here. */
export function nameOf(what: string): string {
  return WORDS[what as What] ?? what;
}

/** "start date (3), reminder (1)". */
export function counted(counts: Partial<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${nameOf(what)} (${count})`)
    .join(", ");
}
