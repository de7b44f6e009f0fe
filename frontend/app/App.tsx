import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { SignIn } from "./session/SignIn";
import type { Session, User } from "./session/session";
import { Shell } from "./shell/Shell";
import type { Updates } from "./shell/updates";
import type { Disk } from "./local/disk";
import type { Connection } from "./sync/connection";
import { useStore } from "./sync/useStore";
import { Skeleton } from "./tasks/states";
import { ConnectionBanner } from "./ui/ConnectionBanner";
import { Mark } from "./ui/Icon";
import { Workspace, WorkspaceContext } from "./workspace/workspace";

interface Props {
  session: Session;
  connection: Connection;
  disk: Disk;
  updates: Updates;
}

export function App(props: Props) {
  const { session, connection } = props;
  const state = useStore(session.state);
  if (state.state === "signed-out") return <SignIn session={session} ended={state.ended} />;
  if (state.state === "asking") return <Asking connection={connection} />;
  return <SignedIn key={state.user.id} user={state.user} {...props} />;
}

function SignedIn({ user, updates, ...settings }: Props & { user: User }) {
  const [workspace] = useState(() => new Workspace(user, settings));
  useEffect(() => updates.unless(() => workspace.outbox.unsent > 0), [updates, workspace]);
  useEffect(() => {
    const closing = new AbortController();
    workspace.open(closing.signal);
    return () => closing.abort();
  }, [workspace]);
  return (
    <WorkspaceContext value={workspace}>
      <QueryClientProvider client={workspace.queries}>
        <Shell updates={updates} />
      </QueryClientProvider>
    </WorkspaceContext>
  );
}

/** Before it is known who is here. */
function Asking({ connection }: { connection: Connection }) {
  return (
    <div className="shell" data-asking>
      <header className="header">
        <p className="brand">
          <Mark /> Tasklane
        </p>
      </header>
      <main className="main">
        <h1 className="only-read">Tasklane</h1>
        <ConnectionBanner connection={connection} />
        <Skeleton />
      </main>
    </div>
  );
}
