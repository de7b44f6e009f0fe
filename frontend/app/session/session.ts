/**
 * Who is signed in, as Better Auth's session cookie says. The cookie is out of reach of scripts; the token that it buys
 * is in memory only. Until somebody can be asked it is who it was the last time, as the disk says: they see what is kept
 * of theirs, and nothing is sent or fetched.
 */

import { betterAuthTokens, Problem, type TokenSource, Unreachable } from "../../lib/api";
import type { Disk } from "../local/disk";
import type { Connection } from "../sync/connection";
import { forgetTab } from "../sync/storage";
import { Store } from "../sync/store";
import { t } from "../text";

export interface User {
  id: string;
  name: string;
  email: string;
}

export type SessionState =
  | { state: "asking" }
  /** Why a session that was there is not any more, where the person has not ended it here. */
  | { state: "signed-out"; ended: "by itself" | "elsewhere" | null }
  | { state: "signed-in"; user: User };

const BASE = "/api/auth";
/** What the tabs tell each other. */
const CHANGED = "changed";
/** The session is being ended: it may be found out before that is said. */
const LEAVING = "signing-out";
const LEFT = "signed-out";
const TIMEOUT = 10_000;

export class Session {
  readonly state = new Store<SessionState>({ state: "asking" });
  readonly #connection: Connection;
  readonly #disk: Disk;
  readonly #tokens = betterAuthTokens({ fetch: (_url, init) => this.#ask(init) });
  /** Other tabs share the cookie. */
  readonly #tabs = new BroadcastChannel("tasklane:session");
  /** Whose the disk is, as far as this tab has seen to it. */
  #claimed: string | null = null;
  /** Questions who it is, so far. */
  #asked = 0;
  /** The one whose answer is the newest that is known; what was asked earlier and is answered later says nothing. */
  #newest = 0;
  /** Where the person is just signing out. */
  #leaving: "here" | "elsewhere" | null = null;

  constructor(connection: Connection, disk: Disk) {
    this.#connection = connection;
    this.#disk = disk;
    this.#tabs.addEventListener("message", ({ data }) => {
      this.#leaving = data === LEAVING ? "elsewhere" : null;
      if (data === LEFT) void this.#leave("elsewhere");
      else if (data === CHANGED) void this.refresh();
    });
    connection.onWake(async () => {
      if (this.#claimed === null && this.state.get().state !== "signed-out") await this.refresh();
    });
  }

  /** Who was here the last time is at once, and who is as soon as that can be asked. */
  async begin(): Promise<void> {
    const asked = this.refresh();
    const owner = await this.#disk.owner();
    if (owner?.signedIn && this.state.get().state === "asking")
      this.state.set({ state: "signed-in", user: owner.user });
    await asked;
  }

  /** Ask who is signed in; while nobody answers, the connection asks again. */
  async refresh(): Promise<void> {
    this.#tokens.forget();
    await this.#connection.watch("sign-in", this.#tokens()).catch(() => undefined);
  }

  /** The tokens of this user and, should someone else have signed in meanwhile, of nobody. */
  tokensOf(user: User): TokenSource {
    return async (refused) => {
      const token = await this.#tokens(refused);
      const now = this.state.get();
      return now.state === "signed-in" && now.user.id === user.id ? token : null;
    };
  }

  /** Raises `Problem` with a sentence for the person, or `Unreachable`. */
  async signIn(email: string, password: string): Promise<void> {
    await this.#disk.lock(); // should the page be gone before it has seen whose the cookie is
    await post("/sign-in/email", { email, password });
    await this.#changed();
  }

  async signUp(name: string, email: string, password: string): Promise<void> {
    await this.#disk.lock();
    await post("/sign-up/email", { name, email, password });
    await this.#changed();
  }

  async signOut(): Promise<void> {
    await this.#end(() => post("/sign-out", {}));
  }

  /** That it is them who ask; raises `Problem` when it is not their password. */
  async confirm(email: string, password: string): Promise<void> {
    await post("/sign-in/email", { email, password });
  }

  /** The user is no more; where the sign-in keeps them for other pages they are signed out. */
  async erase(password: string): Promise<void> {
    await this.#end(async () => {
      try {
        await post("/delete-user", { password });
      } catch (error) {
        if (!(error instanceof Problem && error.status === 404)) throw error;
        await post("/sign-out", {});
      }
    });
  }

  /** In all tabs, by the person's own doing. */
  async #end(act: () => Promise<void>): Promise<void> {
    this.#tabs.postMessage(LEAVING);
    this.#leaving = "here";
    try {
      await act();
    } catch (error) {
      this.#leaving = null;
      this.#tabs.postMessage(CHANGED); // should one of them have believed it
      throw error;
    }
    // It may have been found out before it was said: then they have left already, and somebody else may be here by now.
    if (this.#leaving) await this.#leave(null);
  }

  /** Nothing of the user is left in this browser. */
  async #leave(ended: "elsewhere" | null): Promise<void> {
    this.#leaving = null;
    this.#forget();
    const before = this.state.get();
    this.#claimed = null;
    if (before.state !== "signed-out" || before.ended === "by itself") this.state.set({ state: "signed-out", ended });
    forgetTab();
    if (before.state === "signed-in") await this.#disk.wipe(before.user.id);
    if (ended === null) this.#tabs.postMessage(LEFT);
  }

  async #changed(): Promise<void> {
    this.#forget();
    await this.#connection.watch("sign-in", this.#tokens());
    this.#tabs.postMessage(CHANGED);
  }

  /** Somebody has signed in or out: whatever was asked before that is over. */
  #forget(): void {
    this.#tokens.forget();
    this.#newest = ++this.#asked;
  }

  /** One request for both: who it is, and their token. */
  async #ask(init?: RequestInit): Promise<Response> {
    const mine = ++this.#asked;
    const response = await fetch(`${BASE}/get-session`, init);
    if (response.status === 429) return response;
    if (!response.ok) throw new Unreachable(t.signIn.noAnswer);
    const session = (await response.json()) as { user: User } | null;
    const token = response.headers.get("set-auth-jwt");
    const isLate = () => mine < this.#newest;
    if (!session || !token) {
      if (!isLate()) await this.#ended(mine);
      return new Response(null, { status: 401 });
    }
    const { id, name, email } = session.user;
    if (!isLate() && this.#claimed !== id) await this.#disk.claim({ id, name, email });
    if (isLate()) return Response.json({ token });
    [this.#newest, this.#claimed] = [mine, id];
    const now = this.state.get();
    if (now.state !== "signed-in" || now.user.id !== id)
      this.state.set({ state: "signed-in", user: { id, name, email } });
    return Response.json({ token });
  }

  /** By itself: what is kept is for the user's return. */
  async #ended(asked: number): Promise<void> {
    const isAsking = this.state.get().state === "asking";
    [this.#newest, this.#claimed] = [asked, null];
    await this.#disk.lock(); // who sees the form can count on it, should the page be gone in a moment
    if (this.#newest !== asked) return; // somebody has signed in or out meanwhile
    const before = this.state.get();
    if (this.#leaving && before.state === "signed-in")
      return this.#leave(this.#leaving === "elsewhere" ? "elsewhere" : null);
    const ended = before.state === "signed-in" && !isAsking ? "by itself" : null;
    if (before.state !== "signed-out") this.state.set({ state: "signed-out", ended });
    if (isAsking && !(await this.#disk.owner())) forgetTab(); // they have signed out in another tab
  }
}

async function post(path: string, body: object): Promise<void> {
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    throw new Unreachable(t.signIn.noReach, { cause: error });
  }
  if (!response.ok) throw await refusal(response);
}

/** Better Auth says what is wrong in a form of its own. */
async function refusal(response: Response): Promise<Problem> {
  const said = (await response.json().catch(() => ({}))) as { message?: string; code?: string };
  const retryAfter = response.headers.get("X-Retry-After") ?? response.headers.get("Retry-After");
  const detail = response.status === 429 ? t.signIn.tooMany(retryAfter) : (said.message ?? t.signIn.noAnswer);
  return new Problem(
    { type: said.code ?? "sign-in", title: response.statusText, status: response.status, detail },
    response.headers,
  );
}
