/** Toasts and the focus: a key leads to them, from one that goes it returns, and they cover nothing that has it. */
import { useEffect, useRef, useState, type FocusEvent } from "react";
import type { Toast } from "./toasts";

/** Leads to the toasts from anywhere on the page. */
export const KEY = "F8";

type Section = { current: HTMLElement | null };

/** The key leads to the newest toast; from one that goes, the focus returns to where it came from. */
export function useWayInAndOut(section: Section, list: readonly Toast[], setHeld: (isHeld: boolean) => void) {
  const focus = useRef({ from: null as EventTarget | null, held: null as Element | null }).current;
  const isEmpty = list.length === 0;
  useEffect(() => {
    if (isEmpty) return;
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== KEY || event.defaultPrevented) return;
      event.preventDefault();
      section.current?.querySelector<HTMLElement>(".nt-toast:last-child button")?.focus();
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

/** While they would cover what the keyboard is at, they stand at the other edge of the window. */
export function useGivingWay(section: Section, list: readonly Toast[], position: string): string {
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    const look = () => {
      const at = document.activeElement;
      if (!at || section.current?.contains(at)) return;
      const { left, width, top, height } = at.getBoundingClientRect();
      const [x, middle] = [left + width / 2, top + height / 2];
      // Where they are away, their own place is the mirror image.
      const y = isAway ? innerHeight - middle : middle;
      const covers = (toast: Element) => {
        const box = toast.getBoundingClientRect();
        return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
      };
      setAway(at.matches(":focus-visible") && [...(section.current?.children ?? [])].some(covers));
    };
    look();
    document.addEventListener("focusin", look);
    return () => document.removeEventListener("focusin", look);
  }, [section, list, isAway]);
  const isTop = position.startsWith("top") !== isAway;
  return position.replace(/^\w+/, isTop ? "top" : "bottom");
}
