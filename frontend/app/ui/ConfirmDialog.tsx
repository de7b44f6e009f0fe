import { Dialog } from "./Dialog";
import { t } from "../text";

interface Props {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** For what cannot be undone. The focus begins on the way back. */
export function ConfirmDialog({ title, text, action, onConfirm, onClose }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="dialog-text">{text}</p>
      <div className="dialog-foot">
        <button type="button" className="button" data-kind="quiet" data-focus onClick={onClose}>
          {t.cancel}
        </button>
        <button
          type="button"
          className="button"
          data-kind="danger"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
