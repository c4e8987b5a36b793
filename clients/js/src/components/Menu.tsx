/** A button that opens a menu above everything else, with the keys that menus have. */
import { useEffect, useId, useRef, type KeyboardEvent, type ReactNode } from "react";

export interface Choice {
  readonly label: string;
  readonly act: () => void;
}

interface MenuProps {
  label: string;
  className?: string;
  choices: () => readonly Choice[];
  children: ReactNode;
}

const GAP = 4;

function place(menu: HTMLElement, button: HTMLElement): void {
  const [at, size] = [button.getBoundingClientRect(), menu.getBoundingClientRect()];
  const isRight = getComputedStyle(button).direction === "rtl";
  const start = isRight ? at.left : at.right - size.width;
  const left = Math.max(8, Math.min(start, innerWidth - size.width - 8));
  const below = at.bottom + GAP;
  const top = below + size.height > innerHeight - 8 ? Math.max(8, at.top - size.height - GAP) : below;
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

/** The browser's own popover: it closes on Escape and elsewhere, and gives the focus back. */
export function Menu({ label, className = "", choices, children }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);

  // React 18 knows `onToggle` of <details> only.
  useEffect(() => {
    const element = menu.current;
    const toggled = (event: Event) => {
      const isOpen = (event as ToggleEvent).newState === "open";
      button.current?.setAttribute("aria-expanded", String(isOpen));
    };
    element?.addEventListener("toggle", toggled);
    return () => element?.removeEventListener("toggle", toggled);
  }, []);

  /** At once, so that the next key already goes to the menu. */
  function toggle(): void {
    if (!menu.current || !button.current) return;
    menu.current.togglePopover();
    if (!menu.current.matches(":popover-open")) return;
    place(menu.current, button.current);
    menu.current.querySelector<HTMLElement>("[role=menuitem]")?.focus();
  }

  function pressed(event: KeyboardEvent): void {
    event.stopPropagation();
    const items = [...(menu.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Tab") menu.current?.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    items.at(to % items.length)?.focus();
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        className={`nt-tool ${className}`}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded="false"
        aria-controls={id}
        data-act="menu"
        onClick={(event) => {
          event.stopPropagation();
          toggle();
        }}
      >
        {children}
      </button>
      <div
        ref={menu}
        id={id}
        role="menu"
        aria-label={label}
        popover="auto"
        className="nt-menu"
        onKeyDown={pressed}
        onClick={(event) => event.stopPropagation()}
      >
        {choices().map(({ label: words, act }) => (
          <button
            key={words}
            type="button"
            role="menuitem"
            tabIndex={-1}
            onClick={() => {
              menu.current?.hidePopover();
              act();
            }}
          >
            {words}
          </button>
        ))}
      </div>
    </>
  );
}
