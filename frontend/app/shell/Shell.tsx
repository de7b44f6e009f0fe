import { useRef, useState } from "react";
import { useStats } from "../data/queries";
import { fieldsOf, type Stats } from "../data/types";
import { type Place, usePlace } from "../data/list/useFilters";
import { useStore } from "../sync/useStore";
import { ListView } from "../tasks/list/ListView";
import { TaskDialog } from "../tasks/form/TaskDialog";
import { TrashView } from "../tasks/TrashView";
import { useDraft } from "../tasks/form/useDraft";
import { ConnectionBanner } from "../ui/ConnectionBanner";
import { Notices } from "../ui/Notices";
import { useShortcuts } from "../ui/useShortcuts";
import { undo } from "../workspace/notices";
import { useWorkspace } from "../workspace/workspace";
import { Header } from "./Header";
import { HelpDialog } from "./HelpDialog";
import { Sidebar } from "./Sidebar";
import { UpdateBanner } from "./UpdateBanner";
import type { Updates } from "./updates";
import { useLazyDialog } from "./useLazyDialog";
import { titleOf } from "./views";
import { t } from "../text";

const loadTokens = () => import("../tokens/TokensDialog").then(({ TokensDialog }) => TokensDialog);
const loadImport = () => import("../importing/ImportDialog").then(({ ImportDialog }) => ImportDialog);

/** The page of someone who is signed in. */
export function Shell({ updates }: { updates: Updates }) {
  const { connection, notices, outbox } = useWorkspace();
  const entries = useStore(outbox.entries);
  const [place, go] = usePlace();
  const stats = useStats();
  const [helping, setHelping] = useState(false);
  const tokens = useLazyDialog(loadTokens, t.tokens.unavailable);
  const importing = useLazyDialog(loadImport, t.account.importUnavailable);
  const { draft, change: setDraft, settle } = useDraft();
  const add = useRef<HTMLInputElement>(null);

  useShortcuts({
    n: () => (place.trash ? go({}) : add.current?.focus()),
    u: () => notices.undo(),
    "?": () => setHelping(true),
  });

  const closeDraft = () => {
    const left = draft;
    setDraft(null);
    const isChanged = left && JSON.stringify(left.fields) !== JSON.stringify(left.base && fieldsOf(left.base));
    if (left && isChanged)
      notices.say(
        t.dialog.discarded,
        undo(() => setDraft(left)),
      );
  };

  return (
    <div className="shell">
      <title>{`${titleOf(place)} · Tasklane`}</title>
      <a className="skip" href="#main">
        {t.skip}
      </a>
      <Header onHelp={() => setHelping(true)} onTokens={tokens.open} onImport={importing.open} />
      <Sidebar place={place} stats={stats} onGo={go} />
      <main id="main" className="main" tabIndex={-1}>
        <ConnectionBanner connection={connection} unsent={entries.filter(({ state }) => state !== "sent").length} />
        <UpdateBanner updates={updates} />
        <Heading place={place} stats={stats} />
        {place.trash ? (
          <TrashView />
        ) : (
          <ListView filters={place.filters} addRef={add} onFilters={go} onDraft={setDraft} />
        )}
      </main>
      {draft && <TaskDialog draft={draft} onChange={setDraft} onSettled={settle} onClose={closeDraft} />}
      {helping && <HelpDialog onClose={() => setHelping(false)} />}
      {tokens.Opened && <tokens.Opened onClose={tokens.close} />}
      {importing.Opened && <importing.Opened onClose={importing.close} />}
      <Notices notices={notices} />
    </div>
  );
}

function Heading({ place, stats }: { place: Place; stats: Stats | undefined }) {
  return (
    <div className="heading">
      <h1>{titleOf(place)}</h1>
      {stats && !place.trash && <p>{summary(stats)}</p>}
    </div>
  );
}

function summary({ total, completed, overdue }: Stats): string {
  if (total === 0) return "";
  return t.summary(completed, total, overdue);
}
