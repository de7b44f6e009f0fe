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
  if (begun === 0) follow(); // else when that has arrived
  return () => {
    const place = closings.lastIndexOf(close);
    if (place < 0) return; // by Back itself
    closings.splice(place, 1);
    if (begun === 0) follow(); // else when that has arrived
  };
}

addEventListener("popstate", ({ isTrusted }) => {
  if (!isTrusted) return; // the page tells itself of another address
  if (begun > 0) {
    begun -= 1;
    if (begun === 0) follow();
    return;
  }
  while (closings.length > depth()) closings.pop()?.();
});

/** As many steps as dialogs; a page that was loaded again is at the step already. */
function follow(): void {
  const over = depth() - closings.length;
  if (over > 0) {
    begun += 1;
    history.go(-over);
  }
  for (let open = depth() + 1; open <= closings.length; open++) history.pushState({ open } satisfies State, "");
}

function depth(): number {
  return (history.state as State | null)?.open ?? 0;
}
