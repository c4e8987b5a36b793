/** The bell, with the count in its label, and the centre in a popover. */
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { useCounts } from "../react/hooks";
import { NotificationCenter, type NotificationCenterProps } from "./Center";
import { Frame } from "./Frame";
import { Icon } from "./Icon";
import { LiveRegion } from "./LiveRegion";
import { number } from "./time";
import { rootProps, split, useUi, type UiOptions } from "./ui";

export interface BellProps extends UiOptions, Pick<NotificationCenterProps, "tabs" | "filters"> {
  /** Instead of the popover: a page of your own is opened. */
  onClick?: () => void;
  /** The highest count that is shown as such; default 99. */
  max?: number;
}

export function Bell(props: BellProps) {
  const [ui, own] = split(props);
  return (
    <Frame {...ui}>
      <BellButton {...own} />
    </Frame>
  );
}

function BellButton({ onClick, max = 99, tabs, filters }: Omit<BellProps, keyof UiOptions>) {
  const ui = useUi();
  const { l, slots } = ui;
  const { unread, more } = useCounts();
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  function close(isFocusOurs = true): void {
    setOpen(false);
    if (isFocusOurs) button.current?.focus();
  }
  useOutside(root, isOpen, () => close(false));
  return (
    <div
      {...rootProps(ui, "nt-bell")}
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !isOpen) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        className="nt-bell-button"
        aria-label={l.bell(unread, more)}
        aria-haspopup={onClick ? undefined : "dialog"}
        aria-expanded={onClick ? undefined : isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={onClick ?? (() => setOpen(!isOpen))}
      >
        {slots?.bellIcon ?? <Icon name="bell" />}
        {unread > 0 && (
          <span className="nt-badge" aria-hidden="true">
            {number(l, Math.min(unread, max))}
            {(unread > max || more) && "+"}
          </span>
        )}
      </button>
      {isOpen && <Popover id={id} tabs={tabs} filters={filters} onClose={close} />}
      <LiveRegion />
    </div>
  );
}

const GAP = 8;
/** What is lower than this shows too little. */
const LEAST = 320;

/** Below the bell, above it, or where there is room: in the window, and not cut off by what the bell stands in. */
function place(popover: HTMLElement): void {
  const bell = popover.parentElement!.getBoundingClientRect();
  const wide = document.documentElement.clientWidth;
  const [below, above] = [innerHeight - bell.bottom - 2 * GAP, bell.top - 2 * GAP];
  const room = below >= LEAST ? below : above >= LEAST ? above : innerHeight - 2 * GAP;
  popover.style.maxHeight = `${room}px`;
  popover.style.setProperty("--n-wide", `${wide}px`);
  popover.style.translate = "none";
  const { left, top, width, height } = popover.getBoundingClientRect();
  const start = getComputedStyle(popover).direction === "rtl" ? bell.left : bell.right - width;
  const lowest = innerHeight - GAP - height;
  const beside =
    below < LEAST && above >= LEAST ? bell.top - GAP - height : Math.min(bell.bottom + GAP, lowest);
  const x = Math.max(GAP, Math.min(start, wide - width - GAP));
  const [toX, toY] = width >= wide ? [0, 0] : [x, Math.max(GAP, beside)];
  // From where it is: something around the bell may be what "fixed" is measured from.
  popover.style.translate = `${toX - left}px ${toY - top}px`;
}

function Popover({
  id,
  onClose,
  ...center
}: Pick<BellProps, "tabs" | "filters"> & { id: string; onClose: () => void }) {
  const { l } = useUi();
  const popover = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = popover.current;
    if (element === null) return;
    const put = ({ target }: Event) => {
      if (!(target instanceof Node && element.contains(target))) place(element);
    };
    place(element);
    element.focus({ preventScroll: true });
    addEventListener("resize", put);
    document.addEventListener("scroll", put, true);
    return () => {
      removeEventListener("resize", put);
      document.removeEventListener("scroll", put, true);
    };
  }, []);
  return (
    <div ref={popover} id={id} className="nt-popover" role="dialog" aria-label={l.title} tabIndex={-1}>
      <NotificationCenter {...center} onClose={onClose} />
    </div>
  );
}

/** A press, or the focus, elsewhere. */
function useOutside(root: { current: HTMLElement | null }, isOn: boolean, act: () => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    if (!isOn) return;
    const look = ({ target }: Event) => {
      const element = target as Element;
      const isOurs = root.current?.contains(element) || element.closest?.(".nt-dialog, .nt-toasts");
      if (!isOurs && element.isConnected) latest.current();
    };
    document.addEventListener("pointerdown", look);
    document.addEventListener("focusin", look);
    return () => {
      document.removeEventListener("pointerdown", look);
      document.removeEventListener("focusin", look);
    };
  }, [root, isOn]);
}
