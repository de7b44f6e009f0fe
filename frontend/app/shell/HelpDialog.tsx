import { useStore } from "../sync/useStore";
import { Dialog } from "../ui/Dialog";
import { shortcutsOn } from "../ui/useShortcuts";
import { t } from "../text";

const SHORTCUTS: readonly (readonly [string, readonly string[]])[] = [
  [t.shortcuts.add, ["n"]],
  [t.shortcuts.search, ["/"]],
  [t.shortcuts.move, ["↓", "↑"]],
  [t.shortcuts.open, [t.shortcuts.keys.enter]],
  [t.shortcuts.complete, ["c"]],
  [t.shortcuts.select, ["x"]],
  [t.shortcuts.delete, [t.shortcuts.keys.delete, "⌫"]],
  [t.shortcuts.range, [t.shortcuts.keys.shift, "x"]],
  [t.shortcuts.menu, ["m"]],
  [t.shortcuts.days, ["1", "2", "3", "4", "0"]],
  [t.shortcuts.order, [t.shortcuts.keys.alt, "↑", "↓"]],
  [t.shortcuts.nest, [t.shortcuts.keys.alt, "→", "←"]],
  [t.shortcuts.beneath, ["s"]],
  [t.shortcuts.fold, ["←", "→"]],
  [t.shortcuts.save, [t.shortcuts.keys.control, t.shortcuts.keys.enter]],
  [t.shortcuts.undo, ["u"]],
  [t.shortcuts.close, [t.shortcuts.keys.escape]],
  [t.shortcuts.list, ["?"]],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const on = useStore(shortcutsOn);
  return (
    <Dialog title={t.shortcuts.title} onClose={onClose}>
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
        {t.shortcuts.letters}
      </label>
    </Dialog>
  );
}
