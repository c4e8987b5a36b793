/** What is selected in a list, by mouse and by keyboard. */
import { useMemo, useReducer, useRef } from "react";
import type { Notification } from "../generated/wire";

export interface Selection {
  readonly size: number;
  has(id: string): boolean;
  /** @param isRange everything from the last one touched (or `from`) to this one. */
  readonly toggle: (item: Notification, isRange: boolean, from?: Notification) => void;
  all(): void;
  clear(): void;
  /** Those selected that the list still shows. */
  items(): readonly Notification[];
  /** The list says what it shows. */
  offer(items: readonly Notification[]): void;
}

/** Selection for a `NotificationList`. */
export function useSelection(): Selection {
  const [version, redraw] = useReducer((n: number) => n + 1, 0);
  const held = useRef({
    ids: new Set<string>(),
    items: [] as readonly Notification[],
    last: null as string | null,
  });
  const toggle = useRef((item: Notification, isRange: boolean, from?: Notification) => {
    const { ids, items, last } = held.current;
    const index = (id: string | null | undefined) => items.findIndex((one) => one.id === id);
    const [a, b] = [index(from?.id ?? last), index(item.id)];
    if (isRange && a >= 0 && b >= 0) {
      for (const one of items.slice(Math.min(a, b), Math.max(a, b) + 1)) ids.add(one.id);
    } else if (!ids.delete(item.id)) ids.add(item.id);
    held.current.last = item.id;
    redraw();
  }).current;
  return useMemo(() => {
    const { ids } = held.current;
    const items = () => held.current.items.filter((item) => ids.has(item.id));
    return {
      size: ids.size === 0 ? 0 : items().length,
      has: (id) => ids.has(id),
      toggle,
      all() {
        for (const item of held.current.items) ids.add(item.id);
        redraw();
      },
      clear() {
        if (ids.size === 0) return;
        ids.clear();
        redraw();
      },
      items,
      offer(shown) {
        held.current.items = shown;
      },
    };
  }, [toggle, version]);
}
