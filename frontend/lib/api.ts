/**
 * The service's operations as functions, one each, with the names and types of its OpenAPI document.
 *
 *     const api = createApi({ token: betterAuthTokens() });
 *     const { items, total } = await api.listTasks({ status: "pending", tag: ["home"] });
 *
 * A request that does no harm when it is sent twice is sent again, a few times, when the service is away or its answer
 * was lost; creating is such a request, because each carries an `Idempotency-Key`. What was read before and has not
 * changed is not sent again by the service: the same object comes back, so do not change it.
 */

import { EventStream } from "./events.js";
import { newKey } from "./key.js";
import { Transport, type Call, type Options, type Settings } from "./transport.js";
import type { components, operations } from "./schema.js";

export { Problem, Unreachable, type Fault, type OperationResult } from "./problem.js";
export { EventStream, type ServerEvent } from "./events.js";
export { betterAuthTokens, type BetterAuthTokens } from "./tokens.js";
export type { Options, Settings, TokenSource } from "./transport.js";

type Schemas = components["schemas"];
type Query<Name extends keyof operations> = Given<NonNullable<operations[Name]["parameters"]["query"]>>;
/** `{ tag: undefined }` is as good as `{}`. */
type Given<T> = { [Key in keyof T]?: T[Key] | undefined };

export type Task = Schemas["Task"];
export type DeletedTask = Schemas["DeletedTask"];
/** With the tasks beneath it that have changed along. */
export type ChangedTask = Schemas["ChangedTask"];
export type MoveTask = Schemas["MoveTask"];
export type Priority = Schemas["Priority"];
export type TaskStats = Schemas["TaskStats"];
export type Account = Schemas["Account"];
export type AccessToken = Schemas["AccessToken"];
export type NewAccessToken = Schemas["NewAccessToken"];
export type Scope = Schemas["TokenCreate"]["scopes"][number];
export type Operation = Schemas["Operation"];
export type Batch = Schemas["Batch"];
export type BatchResult = Schemas["BatchResult"];
export type Export = Schemas["Export"];
export type NewTask = Given<Schemas["TaskCreate"]> & Pick<Schemas["TaskCreate"], "title">;
export type TaskChanges = Given<Schemas["TaskUpdate"]>;
export type ListQuery = Query<"listTasks">;
export type Imported = Schemas["Imported"];
export type ImportPreview = Schemas["ImportPreview"];
export type ImportQuery = Query<"importTasks">;
export type StatsQuery = Query<"getTaskStats">;
export type Changes = Schemas["Changes"];
export type Tombstone = Schemas["Tombstone"];
export type ChangesQuery = Query<"listChanges">;
export type StreamQuery = Query<"watchTasks">;
export type TrashQuery = Query<"listTrash">;
export type Occurrences = Schemas["Occurrences"];
export type OccurrencesQuery = Query<"listOccurrences">;

export interface Page<T> {
  readonly items: readonly T[];
  /** How many there are on all pages. */
  readonly total: number;
  /** The cursor of the next page, on the last one null. */
  readonly next: string | null;
}

export interface CreateOptions extends Options {
  /** To try again what may have been done already, say after a reload; without, each call has its own. */
  idempotencyKey?: string | undefined;
}

export interface WriteOptions extends Options {
  /**
   * The `etag` of the task as it was read: a task that has changed since is left alone (412). Given, it may not be
   * undefined: without a condition another's change would be lost unseen.
   */
  ifMatch?: string | undefined;
}

export interface ChangeOptions extends WriteOptions {
  /** false: completing leaves the open tasks beneath it as they are. */
  descendants?: boolean | undefined;
}

export interface StreamOptions extends Options {
  /** As good as `since`, and before it. */
  lastEventId?: string | undefined;
  /** The token of a stream that ended with `expired`: another one is asked for. */
  refused?: string | undefined;
}

export interface ExportOptions extends Options {
  /** With the mark that some spreadsheets need; for csv only. */
  bom?: boolean | undefined;
  /** Only the part behind this task that an import takes; 0 for the first. */
  after?: number | undefined;
}

/** How a file is to be read: whose it is need not be said, where the user is should be. */
export type ImportOptions = CreateOptions & ImportQuery;

function keyed(key: string): Record<string, string> {
  return { "Idempotency-Key": `"${key.replace(/["\\]/g, "\\$&")}"` };
}

export type Api = ReturnType<typeof createApi>;

const TRANSFER_TIMEOUT = 60_000;
const TASKS = "/api/tasks";
const TOKENS = "/api/account/tokens";

export function createApi(settings: Settings) {
  const transport = new Transport(settings);

  const get = <T>(path: string, read: Call<T>["read"], query?: object, options?: Options) =>
    transport.send({ method: "GET", path, query, read, repeatable: true, ...options });

  const create = <T>(path: string, body: unknown, { idempotencyKey = newKey(), ...options }: CreateOptions = {}) =>
    transport.send<T>({
      method: "POST",
      path,
      body,
      headers: keyed(idempotencyKey),
      read: json,
      repeatable: true,
      ...options,
    });

  /** With `If-Match` it is sent once: a repetition would meet its own change. */
  const write = <T>(call: Pick<Call<T>, "method" | "path" | "read"> & Partial<Call<T>>, options: WriteOptions = {}) => {
    const { ifMatch, ...rest } = options;
    if ("ifMatch" in options && ifMatch === undefined)
      return Promise.reject(new TypeError("ifMatch is undefined: the task's ETag is not known."));
    const headers = { "If-Match": ifMatch, ...(call.method === "DELETE" ? {} : keyed(newKey())) };
    return transport.send<T>({ repeatable: ifMatch === undefined, headers, ...call, ...rest });
  };

  const change = (
    call: { method: "PATCH" | "PUT"; path: string; body: unknown; repeatable?: boolean },
    { descendants, ...options }: ChangeOptions = {},
  ) => write<ChangedTask>({ read: json, query: { descendants }, ...call }, options);

  const setCompleted = (path: string) => (id: number, completed?: boolean, options?: ChangeOptions) => {
    const repeatable = completed !== undefined && options?.ifMatch === undefined;
    const body = completed === undefined ? {} : { completed };
    return change({ method: "PATCH", path: `${TASKS}/${id}/${path}`, body, repeatable }, options);
  };

  function exportTasks(format?: "json", options?: ExportOptions): Promise<Export>;
  function exportTasks(format: "csv" | "ics", options?: ExportOptions): Promise<string>;
  function exportTasks(
    format: "json" | "csv" | "ics" = "json",
    { bom, after, ...options }: ExportOptions = {},
  ): Promise<Export | string> {
    const read = format === "json" ? json<Export> : whole;
    return get<Export | string>(
      `${TASKS}/export`,
      read,
      { format, bom, after },
      { timeout: TRANSFER_TIMEOUT, ...options },
    );
  }

  /** An export, or any file that the service knows: all of its tasks or none; with `dry_run` what would be made. */
  function importTasks(
    tasks: Schemas["Import"] | Blob,
    options: ImportOptions & { dry_run: true },
  ): Promise<ImportPreview>;
  function importTasks(tasks: Schemas["Import"] | Blob, options?: ImportOptions): Promise<Imported>;
  function importTasks(
    tasks: Schemas["Import"] | Blob,
    { idempotencyKey = newKey(), format, dry_run, time_zone, lists, ...options }: ImportOptions = {},
  ): Promise<Imported | ImportPreview> {
    const isFile = tasks instanceof Blob;
    return transport.send<Imported | ImportPreview>({
      method: "POST",
      path: `${TASKS}/import`,
      query: { format: format ?? (isFile ? "auto" : undefined), dry_run, time_zone, lists },
      ...(isFile ? { file: tasks } : { body: tasks }),
      headers: keyed(idempotencyKey),
      read: json,
      repeatable: true,
      timeout: TRANSFER_TIMEOUT,
      ...options,
    });
  }

  const calls = {
    livez: (options?: Options) =>
      transport.send<Schemas["Alive"]>({ ...PROBE, path: "/livez", read: json, ...options }),
    readyz: (options?: Options) =>
      transport.send<Schemas["Ready"]>({ ...PROBE, path: "/readyz", read: json, ...options }),

    getAccount: (options?: Options) => get<Account>("/api/account", json, undefined, options),
    /** Everything that is stored of the user goes, in the background. */
    eraseAccount: (options?: Options) =>
      write<Account>({ method: "DELETE", path: "/api/account", read: json }, options),

    /** For a program; with the token of a session only. Sent once: a repetition would make another one. */
    createToken: (
      token: Given<Schemas["TokenCreate"]> & Pick<Schemas["TokenCreate"], "name" | "scopes">,
      options?: Options,
    ) =>
      transport.send<NewAccessToken>({
        method: "POST",
        path: TOKENS,
        body: token,
        read: json,
        repeatable: false,
        ...options,
      }),
    listTokens: (options?: Options) => get<Schemas["AccessTokens"]>(TOKENS, json, undefined, options),
    revokeToken: (id: number, options?: Options) =>
      write<void>({ method: "DELETE", path: `${TOKENS}/${id}`, read: nothing, done404: true }, options),

    listTasks: (query?: ListQuery, options?: Options) => get(TASKS, page<Task>, query, options),
    createTask: (task: NewTask, options?: CreateOptions) => create<Task>(TASKS, task, options),
    batchTasks: (batch: Batch, options?: CreateOptions) => create<BatchResult>(`${TASKS}/batch`, batch, options),
    getTaskStats: (query?: StatsQuery, options?: Options) => get<TaskStats>(`${TASKS}/stats`, json, query, options),

    getTask: (id: number, options?: Options) => get<Task>(`${TASKS}/${id}`, json, undefined, options),
    /** When a task comes again; nothing where it does not recur. */
    listOccurrences: (id: number, query?: OccurrencesQuery, options?: Options) =>
      get<Occurrences>(`${TASKS}/${id}/occurrences`, json, query, options),
    /** What is not named stays, null clears. */
    updateTask: (id: number, changes: TaskChanges, options?: ChangeOptions) =>
      change({ method: "PATCH", path: `${TASKS}/${id}`, body: changes }, options),
    /** The same with PUT: what is not named stays here, too. */
    replaceTask: (id: number, changes: TaskChanges, options?: ChangeOptions) =>
      change({ method: "PUT", path: `${TASKS}/${id}`, body: changes }, options),
    /** Without a value it toggles, and is sent once only: prefer to say which state is meant. */
    completeTask: setCompleted("complete"),
    toggleTask: setCompleted("toggle"),
    /** Behind another task or to the top, beneath a parent or to the top level: the order by hand (`position`). */
    moveTask: (id: number, to: MoveTask, options?: WriteOptions) =>
      write<ChangedTask>({ method: "POST", path: `${TASKS}/${id}/move`, body: to, read: json }, options),
    /** Into the trash, with what is beneath it. */
    deleteTask: (id: number, options?: WriteOptions) =>
      write<void>({ method: "DELETE", path: `${TASKS}/${id}`, read: nothing, done404: true }, options),
    /** Out of the trash, with what went there with it. Sent once: a repetition would not find it there. */
    restoreTask: (id: number, options?: Options) =>
      transport.send<ChangedTask>({
        method: "POST",
        path: `${TASKS}/${id}/restore`,
        headers: keyed(newKey()),
        read: json,
        repeatable: false,
        ...options,
      }),

    /** What has changed since an earlier answer's `next`; a `Problem` with status 410: begin anew, without it. */
    listChanges: (query?: ChangesQuery, options?: Options) =>
      transport.send<Changes>({
        method: "GET",
        path: `${TASKS}/changes`,
        query,
        read: json,
        repeatable: true,
        passing: true,
        ...options,
      }),
    /** One stream, opened once and read by hand; `watch` (`watch.ts`) is what goes on when it ends. */
    watchTasks: (query?: StreamQuery, { lastEventId, ...options }: StreamOptions = {}) =>
      transport.send<EventStream>({
        method: "GET",
        path: `${TASKS}/events`,
        query,
        headers: { Accept: "text/event-stream", "Last-Event-ID": lastEventId },
        read: (response, token) => new EventStream(response, token),
        repeatable: false,
        passing: true,
        ...options,
      }),
    listTrash: (query?: TrashQuery, options?: Options) => get(`${TASKS}/trash`, page<DeletedTask>, query, options),
    emptyTrash: (options?: Options) =>
      write<void>({ method: "DELETE", path: `${TASKS}/trash`, read: nothing }, options),

    /** In all tasks, however it is spelt; with another tag of that name it becomes one. */
    renameTag: (rename: Schemas["TagRename"], options?: CreateOptions) =>
      create<Schemas["RenamedTag"]>(`${TASKS}/tags/rename`, rename, options),
    exportTasks,
    importTasks,
  } satisfies Record<keyof operations, unknown>;

  return {
    ...calls,
    /** A task's own, from wherever it came; of anything else the `ETag` with which this very object came from the service. */
    etagOf: (value: object) => ownEtag(value) ?? transport.etagOf(value),
    /** Drop what was read: when a user signs out. */
    forget: () => transport.forget(),
  };
}

/** Page after page: `for await (const { items } of pages(api.listTasks, { status: "pending" }))`. */
export async function* pages<T, Q extends { cursor?: string | undefined }>(
  list: (query?: Q, options?: Options) => Promise<Page<T>>,
  query?: Q,
  options?: Options,
): AsyncGenerator<Page<T>, void, undefined> {
  for (let cursor = query?.cursor ?? null, first = true; first || cursor !== null; first = false) {
    const page = await list({ ...query, ...(cursor === null ? {} : { cursor }) } as Q, options);
    yield page;
    cursor = page.next;
  }
}

/** A proxy may have made the header's weak, with which nothing can be changed. */
function ownEtag(value: { etag?: unknown }): string | undefined {
  return typeof value.etag === "string" && value.etag !== "" ? value.etag : undefined;
}

const PROBE = { method: "GET", anonymous: true, repeatable: false } as const;

function json<T>(response: Response): Promise<T> {
  return response.json() as Promise<T>;
}

/** With the mark of its encoding, if there is one: `text()` leaves it out (Fetch, 5.3). */
async function whole(response: Response): Promise<string> {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await response.arrayBuffer());
}

function nothing(): void {}

/** Of either shape that the service may be set to (`TASK_LIST_SHAPE`). */
async function page<T>(response: Response): Promise<Page<T>> {
  const body = await json<T[] | { tasks: T[] }>(response);
  const items = Array.isArray(body) ? body : body.tasks;
  return { items, total: Number(response.headers.get("X-Total-Count") ?? items.length), next: cursor(response) };
}

/** From the link to the next page (RFC 8288), if there is one. */
function cursor(response: Response): string | null {
  const link = response.headers.get("Link")?.match(/<([^>]*)>[^,]*;\s*rel="?next"?/)?.[1];
  return link === undefined ? null : new URL(link, "http://any").searchParams.get("cursor");
}
