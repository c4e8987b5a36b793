/** Toasts and the focus: a key leads to them, from one that goes it returns, and they cover nothing that has it. */
import { useEffect, useRef, useState, type FocusEvent } from "react";
import type { Toast } from "./toasts";

/** Leads to the toasts from anywhere on the page. */
export const KEY = "F8";

/** Half of what is between two toasts, in px. */
const GAP = 5;

type Section = { current: HTMLElement | null };

/** The key leads to the newest Undo, or toast; from one that goes, the focus returns to where it came from. */
export function useWayInAndOut(section: Section, list: readonly Toast[], setHeld: (isHeld: boolean) => void) {
  const focus = useRef({ from: null as EventTarget | null, held: null as Element | null }).current;
  const isEmpty = list.length === 0;
  useEffect(() => {
    if (isEmpty) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== KEY || event.defaultPrevented) return;
      event.preventDefault();
      // A way back is what was promised, and it is not there for long: it goes before what came after it.
      const ways = section.current?.querySelectorAll<HTMLElement>(".nt-undo") ?? [];
      const newest = section.current?.querySelector<HTMLElement>(".nt-toast:last-child button");
      ([...ways].at(-1) ?? newest)?.focus();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [isEmpty, section]);
  useEffect(() => {
    if (focus.held === null || focus.held.isConnected) return;
    focus.held = null;
    setHeld(false);
    if (focus.from instanceof HTMLElement && focus.from.isConnected) focus.from.focus();
    else section.current?.querySelector("button")?.focus();
  }, [list, focus, section, setHeld]);
  return {
    onFocus({ target, relatedTarget }: FocusEvent) {
      setHeld(true);
      if (!section.current?.contains(relatedTarget)) focus.from = relatedTarget;
      focus.held = target;
    },
    onBlur({ relatedTarget }: FocusEvent) {
      setHeld(false);
      if (relatedTarget !== null) focus.held = null;
    },
  };
}

/** Whether all of an element's height is below toasts. @param isMirrored they stand at the other edge now. */
function isHidden(element: Element, toasts: readonly Element[], isMirrored: boolean): boolean {
  const { left, width, top, bottom } = element.getBoundingClientRect();
  const x = left + width / 2;
  const boxes = toasts.map((toast) => toast.getBoundingClientRect());
  return [top + 4, (top + bottom) / 2, bottom - 4].every((at) => {
    const y = isMirrored ? innerHeight - at : at;
    return boxes.some(
      (box) => box.left <= x && x <= box.right && box.top - GAP <= y && y <= box.bottom + GAP,
    );
  });
}

/** While they would hide what the keyboard is at, they stand at the other edge of the window. */
export function useGivingWay(section: Section, list: readonly Toast[], position: string): string {
  const [isAway, setAway] = useState(false);
  const isPointed = useRef(false);
  useEffect(() => {
    const look = () => {
      const at = document.activeElement;
      if (!at || section.current?.contains(at)) return;
      const toasts = [...(section.current?.children ?? [])];
      setAway(!isPointed.current && at.matches(":focus-visible") && isHidden(at, toasts, isAway));
    };
    look();
    document.addEventListener("focusin", look);
    document.addEventListener("keyup", look);
    return () => {
      document.removeEventListener("focusin", look);
      document.removeEventListener("keyup", look);
    };
  }, [section, list, isAway]);
  useEffect(() => {
    // Who takes the pointer has left the keyboard.
    const pointed = () => {
      isPointed.current = true;
      setAway(false);
    };
    const pressed = () => (isPointed.current = false);
    document.addEventListener("pointermove", pointed);
    document.addEventListener("keydown", pressed, true);
    return () => {
      document.removeEventListener("pointermove", pointed);
      document.removeEventListener("keydown", pressed, true);
    };
  }, []);
  const isTop = position.startsWith("top") !== isAway;
  return position.replace(/^\w+/, isTop ? "top" : "bottom");
}
