/** What people call the formats, and what of their tasks has no place here. */

import type { ImportPreview } from "../../lib/api";
import { say } from "./text";

type Format = ImportPreview["format"];

export const PROGRAMS: Record<Format, string> = {
  json: "Tasklane",
  csv: "Tasklane",
  ics: say.calendar,
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

/** "start date", of what has no place here. */
export function nameOf(what: string): string {
  return say.words[what] ?? what;
}

/** "start date (3), reminder (1)". */
export function counted(counts: Partial<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${nameOf(what)} (${count})`)
    .join(", ");
}
