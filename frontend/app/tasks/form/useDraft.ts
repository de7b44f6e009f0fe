import { useCallback, useRef, useState } from "react";
import { useWorkspace } from "../../workspace/workspace";
import type { Draft } from "./TaskDialog";

const STORED = "open-task";

/** What is open in the dialog, kept in the tab until it is saved or closed. */
export function useDraft() {
  const { storage } = useWorkspace();
  const [draft, setDraft] = useState(() => storage.read<Draft>(STORED));
  const open = useRef(draft);

  const change = useCallback(
    (next: Draft | null) => {
      open.current = next;
      setDraft(next);
      storage.write(STORED, next && { base: next.base, fields: next.fields });
    },
    [storage],
  );

  const settle = useCallback(
    (submitted: Draft, next: Draft | null): boolean => {
      const isOpen = open.current === submitted;
      if (isOpen) change(next);
      return isOpen;
    },
    [change],
  );

  return { draft, change, settle };
}
