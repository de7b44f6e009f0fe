/** What has changed in the list, asked for. */

import type { Api, Changes, Options } from "./api.js";

export interface ChangesOptions extends Options {
  /** The `next` of a page that was told earlier; without, everything is told. */
  since?: string | undefined;
}

/** The most that the service puts on a page. */
const PAGE = 1_000;

/** Page after page until nothing is left. Raises as `listChanges` does: 410 means to begin anew, without `since`. */
export async function* changes(api: Api, options: ChangesOptions = {}): AsyncGenerator<Changes, void, undefined> {
  const { since, ...rest } = options;
  for (let at = since, more = true; more;) {
    const page = await api.listChanges({ since: at, limit: PAGE }, rest);
    yield page;
    ({ next: at, more } = page);
  }
}
