import { type ReactNode, useEffect, useEffectEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { backCloses } from "./backCloses";
import { Icon } from "./Icon";
import { t } from "../text";

interface Props {
  title: string;
  /** Escape, the cross, a click beside it, the browser's Back. */
  onClose: () => void;
  children: ReactNode;
}

/** Milliseconds in which the second click of a double click comes. */
const DOUBLE_CLICK = 500;

/** A modal dialog of the browser's own: it keeps the focus in, beginning at `data-focus`, and gives it back. */
export function Dialog({ title, onClose, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const [isSettled, settle] = useState(false);
  const goBack = useEffectEvent(onClose);

  // Closed before it leaves the document: a dialog that is merely removed does not give the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => dialog?.close();
  }, []);

  useEffect(() => backCloses(() => goBack()), []);

  // What was opened by the first click of two is not closed by the second, which comes beside it.
  useEffect(() => {
    const timer = setTimeout(() => settle(true), DOUBLE_CLICK);
    return () => clearTimeout(timer);
  }, []);

  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={heading}
      onClose={onClose}
      closedby={isSettled ? "any" : "closerequest"}
    >
      <div className="dialog-panel">
        <div className="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" className="icon-button" aria-label={t.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
