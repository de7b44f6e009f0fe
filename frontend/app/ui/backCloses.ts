/** What is open on top of the page is a step of the browser's history of its own: Back closes it, and nothing else. */

interface State {
  /** How many dialogs are open at this step. */
  readonly open?: number;
}

/** The innermost last. */
const closings: (() => void)[] = [];
/** Steps back that the page has begun itself. */
let begun = 0;

/** Until the returned function is called, Back calls `close` in place of leaving what is beneath. */
export function backCloses(close: () => void): () => void {
  closings.push(close);
  if (begun === 0) ensureStep(); // else when that has arrived
  return () => {
    const place = closings.lastIndexOf(close);
    if (place < 0) return; // by Back itself
    const isStep = depth() === closings.length;
    closings.splice(place, 1);
    if (!isStep) return;
    begun += 1;
    history.back();
  };
}

addEventListener("popstate", ({ isTrusted }) => {
  if (!isTrusted) return; // the page tells itself of another address
  if (begun > 0) {
    begun -= 1;
    if (begun === 0) ensureStep();
    return;
  }
  while (closings.length > depth()) closings.pop()?.();
});

/** A page that was loaded again is at the step already. */
function ensureStep(): void {
  for (let open = depth() + 1; open <= closings.length; open++) history.pushState({ open } satisfies State, "");
}

function depth(): number {
  return (history.state as State | null)?.open ?? 0;
}
