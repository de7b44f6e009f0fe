import { describeDue } from "../data/dates/due";
import { describeRepeat } from "../data/dates/repeat";
import { PRIORITY_NAMES, type TaskFields } from "../data/types";
import { Icon } from "../ui/Icon";
import type { Piece } from "../words/words";
import { t } from "../text";

interface Props {
  fields: TaskFields;
  /** The words that say some of it. */
  pieces: readonly Piece[];
  /** They are to be words and nothing else. */
  onKeep: (piece: Piece) => void;
}

/** What the task will have, before it is made; what words say of it can be taken back. */
export function Meant({ fields: { due_date: due, recurrence, priority, tags }, pieces, onKeep }: Props) {
  if (due === null && priority === "medium" && tags.length + pieces.length === 0) return null;
  const keep = (kind: Piece["kind"], tag?: string) =>
    pieces
      .filter((piece) => piece.kind === kind && (!tag || isOf(piece, tag)))
      .map((piece) => (
        <button
          key={piece.start}
          type="button"
          className="icon-button meant-keep"
          aria-label={t.add.keep(piece.text)}
          onClick={() => onKeep(piece)}
        >
          <Icon name="close" />
        </button>
      ));
  return (
    <div className="quick-add-summary">
      {due !== null && (
        <span className="meta" data-meant={pieces.some(({ kind }) => kind === "due")}>
          <Icon name="calendar" /> {describeDue(due, new Date())} {keep("due")}
        </span>
      )}
      {recurrence && (
        <span className="meta" data-meant={pieces.some(({ kind }) => kind === "repeat")}>
          <Icon name="repeat" /> {describeRepeat(recurrence)} {keep("repeat")}
        </span>
      )}
      {(priority !== "medium" || pieces.some(({ kind }) => kind === "priority")) && (
        <span className="meta" data-priority={priority} data-meant={pieces.some(({ kind }) => kind === "priority")}>
          <Icon name="flag" /> {PRIORITY_NAMES[priority]} {keep("priority")}
        </span>
      )}
      {tags.map((tag) => (
        <span key={tag} className="tag">
          {tag} {keep("tag", tag)}
        </span>
      ))}
    </div>
  );
}

function isOf({ text }: Piece, tag: string): boolean {
  return text.slice(1).toLowerCase() === tag.toLowerCase();
}
