import { Problem } from "../../../lib/api";
import { t } from "../../text";
import { capital } from "../../text/capital";

/** What is wrong with a field, from the pointers of a problem (`#/title`, `#/tags/0`). */
export function faultOf(problem: unknown, field: string): string | undefined {
  if (!(problem instanceof Problem)) return undefined;
  const found = problem.errors.find(({ pointer }) => pointer === `#/${field}` || pointer.startsWith(`#/${field}/`));
  return found && (t.refusedField ?? `${capital(found.detail)}.`);
}
