/** What is typed into a line and the form beneath it, and what that means. It outlasts the page. */

import { useEffect, useState } from "react";
import { fitted } from "../data/dates/repeat";
import { useStats } from "../data/queries";
import { NO_FIELDS, same, type TaskFields } from "../data/types";
import { useStore } from "../sync/useStore";
import { bringReader, reader } from "../words/reader";
import type { Piece } from "../words/words";
import { useWorkspace } from "../workspace/workspace";

const STORED = "quick-add";

/** The title is the line as it stands, with what its words mean still in it. */
type Typed = Partial<TaskFields>;

export interface Meaning {
  readonly line: string;
  /** The words of the line that mean something. */
  readonly pieces: readonly Piece[];
  /** What the new task would be. */
  readonly fields: TaskFields;
  /** The form says something that the list does not give. */
  readonly isDetailed: boolean;
  readonly change: (part: Typed) => void;
  readonly clear: () => void;
  /** Take the words as words. */
  readonly keep: (piece: Piece) => void;
  /** The fields say what the words mean. */
  readonly isRead: boolean;
  /** The fields once the words can be read, or it is known that they cannot. */
  readonly meant: () => Promise<TaskFields>;
}

export function useTyped(preset: Partial<TaskFields>): Meaning {
  const { storage } = useWorkspace();
  const [typed, setTyped] = useState<Typed>(() => storage.read<Typed>(STORED) ?? {});
  const [kept, setKept] = useState<readonly string[]>([]);
  const known = Object.keys(useStats()?.by_tag ?? {});
  const read = useStore(reader);
  const given: TaskFields = { ...NO_FIELDS, ...preset };
  const line = typed.title ?? "";
  const words = read?.(line, kept, known) ?? { title: line.trim(), fields: {}, pieces: [] };
  const fields = together(given, words.fields, { ...typed, title: words.title });

  // What was typed before the page was loaded anew means what it meant.
  useEffect(() => {
    if (line) void bringReader();
  }, [line === ""]);

  const put = (next: Typed) => {
    const own = Object.entries(next).filter(([name, value]) => !same(value, given[name as keyof TaskFields]));
    setTyped(Object.fromEntries(own));
    setKept(kept.filter((text) => next.title?.includes(text)));
    storage.write(STORED, own.length ? Object.fromEntries(own) : null);
  };

  const meant = async () => {
    await bringReader();
    const found = reader.get()?.(line, kept, known);
    return found ? together(given, found.fields, { ...typed, title: found.title }) : fields;
  };

  return {
    line,
    pieces: words.pieces,
    fields,
    isDetailed: Object.keys(typed).some((name) => name !== "title"),
    change: (part) => put({ ...typed, ...part }),
    clear: () => put({}),
    keep: ({ text }) => setKept([...kept, text]),
    isRead: read !== null,
    meant,
  };
}

/** What is said in the form is stronger than the words, and these than the list; tags add up. */
function together(given: TaskFields, words: Partial<TaskFields>, typed: Typed): TaskFields {
  const tags = [...new Set([...(typed.tags ?? given.tags), ...(words.tags ?? [])])];
  const fields = { ...given, ...words, ...typed, tags };
  return { ...fields, recurrence: fitted(fields.recurrence, fields.due_date) };
}
