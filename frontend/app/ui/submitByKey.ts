import type { KeyboardEvent } from "react";
import { flushSync } from "react-dom";

/** Ctrl+Enter, or Command+Enter, sends a form from wherever one types in it, as its button does. */
export function submitByKey(event: KeyboardEvent<HTMLFormElement>): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  const form = event.currentTarget;
  const button = form.querySelector<HTMLButtonElement>("[type=submit]");
  flushSync(() => button?.focus()); // a tag half typed is one when its field is left
  if (button && !button.disabled) form.requestSubmit(button);
}
