import { fieldsOf, type Task } from "../../data/types";
import type { Refusal } from "../../sync/outbox";
import { useStore } from "../../sync/useStore";
import { Icon } from "../../ui/Icon";
import { useWorkspace } from "../../workspace/workspace";
import type { Draft } from "../form/TaskDialog";
import { t } from "../../text";

/** What was typed and will not be saved as it is: the person decides what becomes of it. */
export function Refusals({ onReview }: { onReview: (draft: Draft) => void }) {
  const workspace = useWorkspace();
  const refusals = useStore(workspace.handedBack);
  const review = (refusal: Refusal, draft: Draft) => {
    workspace.dismiss(refusal);
    onReview(draft);
  };
  return (
    <div role="alert">
      {refusals.map((refusal) => {
        const draft = draftOf(refusal);
        if (!draft) return null;
        return (
          <div key={refusal.key} className="banner" data-state="refused">
            <Icon name="alert" />
            <p>
              <strong>{t.refused.title(draft.fields.title)}</strong> {refusal.reason}
            </p>
            <button type="button" className="button" onClick={() => review(refusal, draft)}>
              {t.refused.review}
            </button>
            <button type="button" className="button" data-kind="quiet" onClick={() => workspace.dismiss(refusal)}>
              {t.refused.discard}
            </button>
          </div>
        );
      })}
    </div>
  );
}

function draftOf({ write, error }: Refusal): Draft | null {
  if (write.kind === "create") return { base: null, fields: fieldsOf(write.task), error };
  if (write.kind !== "edit") return null;
  const base: Task = write.base;
  return { base, fields: { ...fieldsOf(base), ...write.changes }, error };
}
