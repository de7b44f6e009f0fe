/** What a person means by the words of one line: everything that a task has besides its title. */

import { dayOf } from "../data/dates/due.ts";
import { firstOn, fitted } from "../data/dates/repeat.ts";
import { withTags } from "../data/tags.ts";
import { LIMITS, type Priority, type TaskFields } from "../data/types.ts";
import type { RepeatFound } from "./repeats.ts";

/** A part of a line that means something, by its place in it. */
export interface Piece {
  readonly kind: "due" | "priority" | "tag" | "repeat";
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

interface Meaning extends Piece {
  readonly fields: Partial<TaskFields>;
}

/** A date, a time, or both. */
export interface DateFound {
  readonly index: number;
  readonly text: string;
  /** The calendar day, and whether it is said or just that on which the time comes next. */
  readonly day: string;
  readonly isSaid: boolean;
  /** Null where none is said. */
  readonly time: string | null;
}

export interface Language {
  /** The dates in a text, in its order. */
  dates: (text: string, now: Date) => DateFound[];
  /** How it comes again. */
  repeat: (text: string) => RepeatFound | null;
  readonly priorities: Readonly<Record<string, Priority>>;
}

export interface Read {
  /** What is left of the line. */
  readonly title: string;
  readonly fields: Partial<TaskFields>;
  readonly pieces: readonly Piece[];
}

interface Settings {
  /** Words that are meant as they stand. */
  kept: readonly string[];
  /** Tags that there are. */
  known: readonly string[];
  now: Date;
  /** An instant from a calendar day and a time. */
  instant: (day: string, time: string) => string | null;
}

export function read(line: string, language: Language, settings: Settings): Read {
  const isKept = ({ text }: Piece) => settings.kept.some((one) => one.toLowerCase() === text.toLowerCase());
  const found = [...tagsIn(line, settings.known), ...prioritiesIn(line, language)].filter((one) => !isKept(one));
  const rest = () => found.reduce((text, piece) => blanked(text, piece), line);

  const again = language.repeat(rest());
  const repeat = again && !isKept({ kind: "repeat", ...span(again) }) ? again : null;
  const dates = language
    .dates(repeat ? blanked(rest(), span(repeat)) : rest(), settings.now)
    .filter((date) => !isKept({ kind: "due", ...span(date) }));
  found.push(...dueIn(dates, repeat, settings));

  found.sort((one, other) => one.start - other.start);
  const title = found
    .toReversed()
    .reduce((text, { start, end }) => `${text.slice(0, start)} ${text.slice(end)}`, line)
    .replaceAll(/\s+/g, " ")
    .trim();
  if (!title) return { title: line.trim(), fields: {}, pieces: [] }; // a task that is all date is called that
  const tags = found.flatMap(({ fields }) => fields.tags ?? []);
  const fields = Object.assign({}, ...found.map((one) => one.fields), tags.length ? { tags } : {}) as Read["fields"];
  return { title, fields, pieces: found.map(({ fields: _fields, ...piece }) => piece) };
}

/** A day, a time, or a day and a time that stand apart; of what comes again the first day is its rule's. */
function dueIn(dates: readonly DateFound[], repeat: RepeatFound | null, { now, instant }: Settings): Meaning[] {
  const day = dates.find(({ isSaid }) => isSaid);
  const time = day?.time ? undefined : dates.find(({ isSaid }) => !isSaid);
  const next = (time ?? day)?.day ?? dayOf(now);
  const date = day?.day ?? (repeat ? firstOn(repeat.rule, next) : time?.day);
  const hour = day?.time ?? time?.time;
  const due = date === undefined ? null : hour ? instant(date, hour) : date;
  if (due === null) return [];
  const recurrence = repeat && fitted({ rule: repeat.rule, time_zone: null, from: repeat.from }, due);
  const said = [day, time].flatMap((one) => (one ? { kind: "due" as const, ...span(one) } : []));
  const pieces: Piece[] = repeat ? [...said, { kind: "repeat", ...span(repeat) }] : said;
  return pieces.map((piece) => ({ ...piece, fields: { due_date: due, ...(recurrence && { recurrence }) } }));
}

function span({ index, text }: { index: number; text: string }) {
  return { start: index, end: index + text.length, text };
}

/** Nothing is read out of it, or together with what stands beside it. */
function blanked(text: string, { start, end }: Pick<Piece, "start" | "end">): string {
  return text.slice(0, start) + "\u00a6".repeat(end - start) + text.slice(end);
}

function tagsIn(line: string, known: readonly string[]): Meaning[] {
  return matches(line, /(?<=^|\s)#([^\s#,;!?]*[^\s#,;.:!?])/gu).flatMap(({ index, 0: text, 1: name = "" }) => {
    const tags = withTags([], name, known);
    const isTag = tags.length && !/^\d+$/.test(name) && name.length <= LIMITS.tag; // "#3" is a number
    return isTag ? [{ kind: "tag" as const, start: index, end: index + text.length, text, fields: { tags } }] : [];
  });
}

function prioritiesIn(line: string, { priorities }: Language): Meaning[] {
  const last = matches(line, /(?<=^|\s)!(\p{L}+|[1-4])(?=\s|$)/gu).filter(
    ({ 1: name = "" }) => name.toLowerCase() in priorities,
  );
  return last.slice(-1).map(({ index, 0: text, 1: name = "" }) => ({
    kind: "priority",
    start: index,
    end: index + text.length,
    text,
    fields: { priority: priorities[name.toLowerCase()] as Priority },
  }));
}

function matches(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)] as RegExpExecArray[];
}
