import { useStore } from "../sync/useStore";
import { Dialog } from "../ui/Dialog";
import { shortcutsOn } from "../ui/useShortcuts";

const SHORTCUTS: readonly (readonly [string, readonly string[]])[] = [
  ["Add a task", ["n"]],
  ["Search", ["/"]],
  ["Next, previous task", ["↓", "↑"]],
  ["Open the task", ["Enter"]],
  ["Complete it, or reopen it", ["c"]],
  ["Select it", ["x"]],
  ["Delete it", ["Delete", "⌫"]],
  ["Select all from the last one selected", ["Shift", "x"]],
  ["Save what is open", ["Ctrl", "Enter"]],
  ["Undo what was just done", ["u"]],
  ["Close, cancel", ["Esc"]],
  ["This list", ["?"]],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const on = useStore(shortcutsOn);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl className="shortcuts">
        {SHORTCUTS.map(([what, keys]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <label className="switch">
        <input
          type="checkbox"
          className="tick"
          data-shape="square"
          checked={on}
          onChange={() => shortcutsOn.set(!on)}
        />
        Single letters work as shortcuts
      </label>
    </Dialog>
  );
}
