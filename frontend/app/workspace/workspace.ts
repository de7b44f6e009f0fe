/** All that one signed-in user works with; made when they sign in, closed when they sign out. */

import { QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { type Api, createApi } from "../../lib/api";
import type { Task } from "../data/types";
import { type Disk, Drawer } from "../local/disk";
import { LocalList, type Tasks } from "../local/list";
import { Tabs } from "../local/tabs";
import type { Session, User } from "../session/session";
import type { Connection } from "../sync/connection";
import { type Entry, Outbox, type Refusal } from "../sync/outbox";
import { calm, pressOver } from "../sync/press";
import { TabStorage } from "../sync/storage";
import { Store } from "../sync/store";
import { project } from "../sync/writes";
import { askAnew } from "./anew";
import { Notices } from "./notices";

const LOOK_AGAIN = 30_000;
/** To the other tabs. */
const REFUSED = "refusals";

interface Settings {
  session: Session;
  connection: Connection;
  disk: Disk;
}

export class Workspace {
  readonly user: User;
  readonly session: Session;
  readonly connection: Connection;
  readonly api: Api;
  readonly storage: TabStorage;
  readonly list: LocalList;
  readonly outbox: Outbox;
  readonly notices = new Notices();
  /** The list, as it may be shown, with what is on its way to the service on top; null until it is known. */
  readonly tasks = new Store<readonly Task[] | null>(null);
  /** Typed, kept while the service was away, and then refused: for the person to decide. */
  readonly refusals = new Store<readonly Refusal[]>([]);
  /** What is not kept here: the trash, and access tokens. */
  readonly queries = new QueryClient({
    defaultOptions: {
      queries: {
        refetchInterval: LOOK_AGAIN,
        networkMode: "always",
        retry: false, // the connection knows when it is time to ask again
      },
    },
  });
  /** What is under way, and what was handed back, for the eye. */
  readonly underWay: Store<readonly Entry[]>;
  readonly handedBack = calm(this.refusals);
  readonly #listed: Store<Tasks | null>;
  readonly #drawer: Drawer;
  readonly #tabs = new Tabs();

  constructor(user: User, { session, connection, disk }: Settings) {
    this.user = user;
    this.session = session;
    this.connection = connection;
    this.api = createApi({ token: session.tokensOf(user), retries: 0 });
    this.storage = new TabStorage(user.id);
    this.#drawer = new Drawer(disk, user.id);
    this.list = new LocalList({ api: this.api, connection, drawer: this.#drawer, tabs: this.#tabs });
    this.outbox = new Outbox({
      api: this.api,
      connection,
      drawer: this.#drawer,
      tabs: this.#tabs,
      newest: () => [...(this.list.tasks.get()?.keys() ?? [])].reduce((one, other) => Math.max(one, other), 0),
      refresh: () => this.#refresh(),
      onRefusal: this.handBack,
    });
    this.#listed = calm(this.list.tasks);
    this.underWay = calm(this.outbox.entries);
  }

  /** Show what is kept, follow the list, and send what waits whenever the service is there; until the signal. */
  open(signal: AbortSignal): void {
    const { connection, list, outbox } = this;
    const { link } = connection;
    const ends = [
      connection.onWake(() =>
        Promise.all([outbox.flush(), list.refresh(), this.queries.refetchQueries({ type: "active" })]),
      ),
      link.subscribe(() => link.get().state === "ready" && void outbox.flush()),
      this.#listed.subscribe(this.#project),
      list.tasks.subscribe(() => void askAnew(this.queries, ["trash"])),
      outbox.entries.subscribe(this.#project),
      () => outbox.close(),
    ];
    signal.addEventListener("abort", () => ends.forEach((end) => end()));
    addEventListener("beforeunload", (event) => outbox.isUnkept && event.preventDefault(), { signal });
    this.#tabs.onTold(REFUSED, () => void this.#readRefusals(), signal);
    void this.#begin(signal);
  }

  /** As it is in the list now, however long ago somebody took it from there; itself when it is there no more. */
  current(task: Task): Task {
    const id = this.outbox.idOf(task.id);
    return this.tasks.get()?.find((one) => one.id === id) ?? task;
  }

  dismiss(refusal: Refusal): void {
    this.refusals.set(this.refusals.get().filter(({ key }) => key !== refusal.key));
    void this.#drawer.dropRefusal(refusal.key).then(() => this.#tabs.tell(REFUSED));
  }

  async signOut(): Promise<void> {
    await this.session.signOut();
    this.outbox.close(); // or what is under way would be stored again when it comes back
    this.queries.clear();
  }

  /** Everything of the user's, and the user; raises `Problem` when it is not their password. */
  async erase(password: string): Promise<void> {
    await this.session.confirm(this.user.email, password);
    await this.api.eraseAccount();
    this.outbox.close(); // what were sent now might come after the erasure
    await this.session.erase(password);
    this.queries.clear();
  }

  /** Nobody waits for it any more: what was typed is kept for the person to decide. */
  readonly handBack = (refusal: Refusal): void => {
    if (refusal.write.kind === "create" || refusal.write.kind === "edit") {
      this.refusals.set([...this.refusals.get(), refusal]);
      void this.#drawer.keepRefusal(refusal).then(() => this.#tabs.tell(REFUSED));
    } else this.notices.fail(refusal.reason);
  };

  /** What is on its way before the list, or that would be seen without it for a moment. */
  async #begin(signal: AbortSignal): Promise<void> {
    await Promise.all([this.outbox.open(signal), this.#readRefusals()]);
    if (signal.aborted) return;
    await this.list.open(signal);
    document.addEventListener("visibilitychange", () => void this.outbox.flush(), { signal }); // the list is followed again
    void this.outbox.flush();
  }

  /** Why they were refused is known only here. */
  async #readRefusals(): Promise<void> {
    const stored = await this.#drawer.outbox();
    if (!stored) return;
    const here = new Map(this.refusals.get().map((refusal) => [refusal.key, refusal]));
    this.refusals.set(stored.refusals.map((refusal) => here.get(refusal.key) ?? refusal));
  }

  readonly #project = (): void => {
    const tasks = this.#listed.get();
    this.tasks.set(tasks && project(tasks, this.outbox.entries.get()));
  };

  /** The list as the service has it now is shown, and the trash if it is on the screen. */
  async #refresh(): Promise<void> {
    this.queries.removeQueries({ type: "inactive" });
    await Promise.all([
      this.list.refresh(),
      this.queries.refetchQueries({ type: "active" }, { throwOnError: true, cancelRefetch: true }),
    ]);
    await pressOver();
  }
}

export const WorkspaceContext = createContext<Workspace | null>(null);

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (!workspace) throw new Error("outside of a workspace");
  return workspace;
}
