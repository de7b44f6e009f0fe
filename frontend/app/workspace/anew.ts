import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * What was asked for may have another answer by now. What is under way goes on to its end and is asked for once more: it
 * may have been answered before.
 */
export async function askAnew(queries: QueryClient, queryKey: QueryKey): Promise<void> {
  const isUnderWay = queries.isFetching({ queryKey }) > 0;
  const ask = () => queries.invalidateQueries({ queryKey }, { cancelRefetch: false });
  await ask();
  if (isUnderWay) await ask();
}
