/** The browser's own modal dialog: it holds the focus, closes on Escape and gives the focus back. */
import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { rootProps, useUi } from "./ui";

interface DialogProps {
  title: string;
  children: ReactNode;
  actions: ReactNode;
  /** An answer is called for. */
  isAlert?: boolean;
  onClose: () => void;
}

export function Dialog({ title, children, actions, isAlert = false, onClose }: DialogProps) {
  const ui = useUi();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  // Closed before it is taken away: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    const text = element?.querySelector<HTMLElement>(".nt-dialog-text");
    // What has to be scrolled is read before it is answered; not every browser begins there by itself.
    if (text && text.scrollHeight > text.clientHeight) {
      text.tabIndex = 0;
      text.focus();
    }
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      {...rootProps(ui, "nt-dialog")}
      role={isAlert ? "alertdialog" : undefined}
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      <div id={`${id}-text`} className="nt-dialog-text">
        {children}
      </div>
      <div className="nt-row-end">{actions}</div>
    </dialog>
  );
}
