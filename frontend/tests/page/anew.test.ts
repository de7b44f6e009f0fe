/** What is shown of what only the service has, when that changes. */

import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { askAnew } from "../../app/workspace/anew";

test("what changes while it is asked for is asked for once more, and shown", async () => {
  const queries = new QueryClient({ defaultOptions: { queries: { networkMode: "always", retry: false } } });
  const answers: ((trash: string) => void)[] = [];
  const ask = () => new Promise<string>((resolve) => answers.push(resolve));
  const shown = new QueryObserver(queries, { queryKey: ["trash"], queryFn: ask });
  const stop = shown.subscribe(() => {});
  await expect.poll(() => answers.length).toBe(1);
  const all = Promise.all([askAnew(queries, ["trash"]), askAnew(queries, ["trash"])]);
  answers[0]?.("as it was");
  await expect.poll(() => answers.length).toBe(2);
  answers[1]?.("as it is");
  await all;
  expect([shown.getCurrentResult().data, answers.length]).toEqual(["as it is", 2]);
  stop();
});
