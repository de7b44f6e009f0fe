/** All that one signed-in user works with; made when they sign in, closed when they sign out. */

import { QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { type Api, createApi } from "../../lib/api";
import type { Session, User } from "../session/session";
import type { Connection } from "../sync/connection";
import { Outbox, type Refusal } from "../sync/outbox";
import { TabStorage } from "../sync/storage";
import { Store } from "../sync/store";
import { Notices } from "./notices";

const LOOK_AGAIN = 30_000;

export class Workspace {
  readonly user: User;
  readonly session: Session;
  readonly connection: Connection;
  readonly api: Api;
  readonly storage: TabStorage;
  readonly outbox: Outbox;
  readonly notices = new Notices();
  /** Typed, kept while the service was away, and then refused: for the person to decide. */
  readonly refusals: Store<readonly Refusal[]>;
  readonly queries = new QueryClient({
    defaultOptions: {
      queries: {
        refetchInterval: LOOK_AGAIN,
        networkMode: "always",
        retry: false, // the connection knows when it is time to ask again
      },
    },
  });

  constructor(user: User, session: Session, connection: Connection) {
    this.user = user;
    this.session = session;
    this.connection = connection;
    this.api = createApi({ token: session.tokensOf(user), retries: 0 });
    this.storage = new TabStorage(user.id);
    this.refusals = new Store<readonly Refusal[]>(this.storage.read("refusals") ?? []);
    this.outbox = new Outbox({
      api: this.api,
      connection,
      storage: this.storage,
      refresh: () => this.#refresh(),
      onRefusal: this.handBack,
    });
  }

  /** Send what an earlier visit left, and keep going whenever the service is back; until the signal. */
  open(signal: AbortSignal): void {
    const { link } = this.connection;
    const ends = [
      this.connection.onWake(() => Promise.all([this.outbox.flush(), this.queries.refetchQueries({ type: "active" })])),
      link.subscribe(() => link.get().state === "ready" && void this.outbox.flush()),
      this.refusals.subscribe(() => this.storage.write("refusals", this.refusals.get())),
      () => this.outbox.close(),
    ];
    signal.addEventListener("abort", () => ends.forEach((end) => end()));
    addEventListener("beforeunload", (event) => this.outbox.unsent && event.preventDefault(), { signal });
    this.outbox.open();
  }

  dismiss(refusal: Refusal): void {
    this.refusals.set(this.refusals.get().filter(({ key }) => key !== refusal.key));
  }

  async signOut(): Promise<void> {
    await this.session.signOut();
    this.outbox.close(); // or what is under way would be stored again when it comes back
    this.storage.clear();
    this.queries.clear();
  }

  /** Nobody waits for it any more: what was typed is kept for the person to decide. */
  readonly handBack = (refusal: Refusal): void => {
    if (refusal.write.kind === "create" || refusal.write.kind === "edit") {
      this.refusals.set([...this.refusals.get(), refusal]);
    } else this.notices.fail(refusal.reason);
  };

  /** What is on the screen comes anew, what is not is forgotten. */
  async #refresh(): Promise<void> {
    this.queries.removeQueries({ type: "inactive" });
    await this.queries.refetchQueries({ type: "active" }, { throwOnError: true });
  }
}

export const WorkspaceContext = createContext<Workspace | null>(null);

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (!workspace) throw new Error("outside of a workspace");
  return workspace;
}
