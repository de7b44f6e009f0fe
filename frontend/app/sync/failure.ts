import { Problem, Unreachable } from "../../lib/api";
import { t } from "../text";

/**
 * What a failure means for a request: it may be tried again when the service is back (`away`) or when it wants to be
 * asked again (`limited`); somebody has to sign in; nobody waits for it any more; or it will not be done.
 */
export type Failure = "away" | "limited" | "signed-out" | "aborted" | "refused";

const GATEWAY = new Set([502, 503, 504]);

export function failureOf(error: unknown): Failure {
  if (error instanceof Unreachable) return "away";
  if (error instanceof DOMException && error.name === "AbortError") return "aborted";
  if (!(error instanceof Problem)) return "refused";
  if (GATEWAY.has(error.status) || error.is("still-running")) return "away";
  if (error.status === 429) return "limited";
  return error.status === 401 ? "signed-out" : "refused";
}

/** A sentence for the person. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Unreachable) return t.unreachable ?? error.message;
  if (error instanceof Problem) {
    const isService = error.type.includes(":"); // the sign-in has codes, and what it has not is said where it is asked
    return t.problems[kindOf(error)] ?? (isService ? t.problems[error.status] : undefined) ?? error.message;
  }
  return error instanceof Error ? error.message : t.wentWrong;
}

function kindOf({ type }: Problem): string {
  return type.split(/[:/]/).at(-1) ?? "";
}

/** What the service itself says is wrong with what was sent. */
export function ownWordsOf(error: unknown): string | null {
  return error instanceof Problem && error.is("invalid-input") ? error.message : null;
}

/** Seconds after which the service wants to be asked again, if it said so. */
export function retryAfterOf(error: unknown): number | undefined {
  return error instanceof Problem ? error.retryAfter : undefined;
}
