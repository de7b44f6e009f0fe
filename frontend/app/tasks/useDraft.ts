import { useCallback, useState } from "react";
import { useWorkspace } from "../workspace/workspace";
import type { Draft } from "./TaskDialog";

const STORED = "open-task";

/** What is open in the dialog, kept in the tab until it is saved or closed. */
export function useDraft(): [Draft | null, (draft: Draft | null) => void] {
  const { storage } = useWorkspace();
  const [draft, setDraft] = useState(() => storage.read<Draft>(STORED));
  const change = useCallback(
    (next: Draft | null) => {
      setDraft(next);
      storage.write(STORED, next && { base: next.base, fields: next.fields });
    },
    [storage],
  );
  return [draft, change];
}
