/** A dialog that is loaded when somebody opens it: most people never do. */

import { type ComponentType, useState } from "react";
import { useWorkspace } from "../workspace/workspace";

type LazyDialog = ComponentType<{ onClose: () => void }>;

/** What is open, if it is; `sentence` says that it could not be loaded. */
export function useLazyDialog(load: () => Promise<LazyDialog>, sentence: string) {
  const { notices } = useWorkspace();
  const [Opened, setOpened] = useState<LazyDialog | null>(null);
  const open = () =>
    void load().then(
      (dialog) => setOpened(() => dialog),
      () => notices.fail(sentence),
    );
  return { Opened, open, close: () => setOpened(null) };
}
