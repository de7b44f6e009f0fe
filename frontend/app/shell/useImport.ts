/** The dialog for other programs' files, which is loaded when somebody has one: most people never do. */

import { type ComponentType, useState } from "react";
import { t } from "../text";
import { useWorkspace } from "../workspace/workspace";

type ImportDialog = ComponentType<{ onClose: () => void }>;

export function useImport(): { Importing: ImportDialog | null; openImport: () => void; closeImport: () => void } {
  const { notices } = useWorkspace();
  const [Importing, setImporting] = useState<ImportDialog | null>(null);
  const openImport = () => {
    import("../importing/ImportDialog").then(
      ({ ImportDialog }) => setImporting(() => ImportDialog),
      () => notices.fail(t.account.importUnavailable),
    );
  };
  return { Importing, openImport, closeImport: () => setImporting(null) };
}
