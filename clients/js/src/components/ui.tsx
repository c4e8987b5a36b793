/** What all components share: words, looks, slots and what a click means. */
import { createContext, useContext, useMemo, useSyncExternalStore, type ReactNode } from "react";
import type { Notification } from "../generated/wire";
import { en, type Localization } from "./locales/en";

/** A link or an action of a notification was pressed. */
export interface Click {
  readonly notification: Notification;
  /** The address, if it is safe to follow; null: there is none. */
  readonly href: string | null;
  /** Which of the notification's `actions`; null: the notification itself. */
  readonly action: string | null;
  /** The application takes care of it: nothing is opened. */
  preventDefault(): void;
}

/** Parts that an application replaces or adds. */
export interface Slots {
  /** In place of the bell's icon. */
  bellIcon?: ReactNode;
  /** Beside the title of the centre. */
  header?: ReactNode;
  /** Below the list. */
  footer?: ReactNode;
  /** In place of "All caught up". */
  empty?: ReactNode;
  /** In place of the sender's picture or the type's icon. */
  avatar?: (notification: Notification) => ReactNode;
  /** Below the text of each notification. */
  itemFooter?: (notification: Notification) => ReactNode;
}

export interface UiOptions {
  /** Words to replace; `de` and `ar` are whole languages. Default: English. */
  localization?: Partial<Localization>;
  /** Default: what the system prefers. */
  theme?: "auto" | "light" | "dark";
  slots?: Slots;
  /** Draws a notification's inside instead of the package. */
  renderItem?: (notification: Notification) => ReactNode;
  /** Somebody opened a notification; `preventDefault()` when a router takes over. */
  onNotificationClick?: (click: Click) => void;
}

export interface Ui extends Omit<UiOptions, "localization"> {
  readonly l: Localization;
}

const Context = createContext<Ui>({ l: en });

function merged(outer: Ui, own: UiOptions): Ui {
  const said = Object.entries(own).filter(([, value]) => value !== undefined);
  const { localization, ...rest } = Object.fromEntries(said) as UiOptions;
  return {
    ...outer,
    ...rest,
    slots: { ...outer.slots, ...own.slots },
    l: localization ? { ...outer.l, ...localization } : outer.l,
  };
}

/** Gives the components below it their words and looks; each of them also takes the same props. */
export function NotifyUi({ children, ...own }: UiOptions & { children?: ReactNode }) {
  const outer = useContext(Context);
  const { localization, theme, slots, renderItem, onNotificationClick } = own;
  const ui = useMemo(
    () => merged(outer, own),
    // Each option by itself: the object is new on every drawing.
    [outer, localization, theme, slots, renderItem, onNotificationClick],
  );
  return <Context.Provider value={ui}>{children}</Context.Provider>;
}

export function useUi(): Ui {
  return useContext(Context);
}

/** What every outermost element of the package carries. */
export function rootProps({ l, theme }: Ui, className: string) {
  return { className: `nt-root ${className}`, dir: l.dir, lang: l.locale, "data-theme": theme ?? "auto" };
}

/** Splits the shared options from a component's own props. */
export function split<Props extends UiOptions>(props: Props): [UiOptions, Omit<Props, keyof UiOptions>] {
  const { localization, theme, slots, renderItem, onNotificationClick, ...rest } = props;
  return [{ localization, theme, slots, renderItem, onNotificationClick }, rest];
}

/** A type's name in this language, or its own with spaces. */
export function typeName(names: Record<string, string>, type: string): string {
  const words = type.replaceAll("_", " ");
  if (Object.hasOwn(names, type)) return names[type]!;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const TICK_MS = 20_000;
let tick = 0;
const clocks = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function watchClock(changed: () => void): () => void {
  clocks.add(changed);
  timer ??= setInterval(() => {
    tick = Date.now();
    for (const one of [...clocks]) one();
  }, TICK_MS);
  return () => {
    clocks.delete(changed);
    if (clocks.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, good to twenty seconds; one timer for all, and none on a server. */
export function useNow(): number {
  return useSyncExternalStore(
    watchClock,
    () => (tick = Date.now() - tick > TICK_MS ? Date.now() : tick),
    () => 0,
  );
}
