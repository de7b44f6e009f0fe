import { useId, useRef, useState } from "react";
import { sentenceOf } from "../sync/failure";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { ThemeChoice } from "../ui/ThemeChoice";
import { AccountDialog } from "./AccountDialog";
import { useWorkspace } from "../workspace/workspace";
import { t } from "../text";

interface Props {
  onHelp: () => void;
  onImport: () => void;
  onTokens: () => void;
}

export function AccountMenu({ onHelp, onImport, onTokens }: Props) {
  const workspace = useWorkspace();
  const { user, outbox, notices } = workspace;
  const [managing, setManaging] = useState(false);
  const [asking, setAsking] = useState(false);
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();

  const act = (run: () => void) => () => {
    panel.current?.hidePopover();
    run();
  };

  const signOut = act(() => {
    workspace.signOut().catch((error: unknown) => notices.fail(`${t.account.stillIn} ${sentenceOf(error)}`));
  });

  return (
    <>
      <button
        type="button"
        className="avatar"
        popoverTarget={id}
        aria-label={t.account.menu(initials(user.name), user.name)}
      >
        {initials(user.name)}
      </button>
      <div ref={panel} id={id} popover="auto" className="menu">
        <p className="menu-user">
          <strong>{user.name}</strong>
          <span>{user.email}</span>
        </p>
        <ThemeChoice />
        <button type="button" className="menu-item" onClick={act(onImport)}>
          {t.account.bring}
        </button>
        <button type="button" className="menu-item" onClick={act(onHelp)}>
          {t.shortcuts.title} <kbd>?</kbd>
        </button>
        <button type="button" className="menu-item" onClick={act(onTokens)}>
          {t.tokens.title}
        </button>
        <button type="button" className="menu-item" onClick={act(() => setManaging(true))}>
          {t.account.manage}
        </button>
        <button type="button" className="menu-item" onClick={() => (outbox.unsent ? setAsking(true) : signOut())}>
          {t.account.signOut}
        </button>
      </div>
      {managing && <AccountDialog onClose={() => setManaging(false)} />}
      {asking && (
        <ConfirmDialog
          title={t.account.signOutTitle}
          text={t.account.signOutText}
          action={t.account.signOut}
          onConfirm={signOut}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return [words[0], words.length > 1 ? words.at(-1) : ""]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}
