/** The list: only what is in view is drawn, older ones come on the way down, keys move and act. */
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type DragEvent,
  type KeyboardEvent,
  type MouseEvent,
} from "react";
import { filterKey } from "../core/filters";
import type { Filters } from "../core/types";
import type { Notification } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { useConnection, useNotifications, type UseNotifications } from "../react/hooks";
import { useActions, type BatchVerb } from "./actions";
import { Frame } from "./Frame";
import { Icon } from "./Icon";
import { ListItem } from "./Item";
import type { Selection } from "./selection";
import { toastsOf } from "./toasts";
import { dayKey, dayName } from "./time";
import { rootProps, split, useNow, useUi, type UiOptions } from "./ui";

export interface NotificationListProps extends UiOptions {
  filters?: Filters;
  /** Offers checkboxes; from `useSelection`. */
  selection?: Selection;
  onDragStart?: (event: DragEvent, item: Notification) => void;
  onDragEnd?: () => void;
  /** What was in view counts as seen; default true. */
  marksSeen?: boolean;
}

const estimateSize = () => 92;
/** So close to the end, in items, the next page is fetched. */
const AHEAD = 12;
const SEEN_AFTER_MS = 400;
/** Above this many px from the top, new ones push the list down; below, it stays where it is. */
const AT_TOP = 8;

const KEYS: Readonly<Record<string, (item: Notification) => BatchVerb>> = {
  r: (item) => (item.is_read ? "unread" : "read"),
  p: (item) => (item.pinned_at ? "unpin" : "pin"),
  d: (item) => (item.is_dismissed ? "restore" : "dismiss"),
  Delete: () => "delete",
};

const NO_FILTERS: Filters = {};

export function NotificationList(props: NotificationListProps) {
  const [ui, own] = split(props);
  return (
    <Frame {...ui}>
      <List {...own} />
    </Frame>
  );
}

/** Pinned ones come first, then the rest by day. */
function useOrdered(filters: Filters): [UseNotifications, readonly Notification[], number] {
  const list = useNotifications(filters);
  const isPlain = !filters.pinned && !filters.dismissed && !filters.snoozed;
  const pinned = useNotifications(isPlain ? { ...filters, pinned: true } : filters).notifications;
  const items = useMemo(() => {
    if (!isPlain || pinned.length === 0) return list.notifications;
    return [...pinned, ...list.notifications.filter((item) => item.pinned_at === null)];
  }, [isPlain, list.notifications, pinned]);
  return [list, items, isPlain ? pinned.length : 0];
}

function List({
  filters = NO_FILTERS,
  selection,
  onDragStart,
  onDragEnd,
  marksSeen = true,
}: Omit<NotificationListProps, keyof UiOptions>) {
  const ui = useUi();
  const id = useId();
  const [list, all, pinned] = useOrdered(filters);
  const scroller = useRef<HTMLDivElement>(null);
  const [items, waiting] = useWaiting(scroller, all, filterKey(filters));
  // The same functions while the items are the same: else every frame measures all of them anew.
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize,
    getItemKey: useCallback((at: number) => items[at]!.id, [items]),
    overscan: 6,
  });
  const rows = virtual.getVirtualItems();
  const isFiltered = Object.values(filters).some(Boolean);
  useOlder(list, rows.at(-1)?.index ?? 0, items.length);
  useSteady(scroller, virtual, items);
  useSeen(
    marksSeen,
    rows.map((row) => items[row.index]),
  );
  const focus = useFocus(scroller, items, (at) => virtual.scrollToIndex(at));
  const pressed = useKeys(items, focus, selection, () => scroller.current);
  selection?.offer(items);
  // Another user's list is another one, and some notifications are both theirs.
  useEffect(() => selection?.clear(), []);
  function toTop(): void {
    scroller.current?.scrollTo({ top: 0 });
    scroller.current?.focus();
  }

  return (
    <div
      {...rootProps(ui, "nt-list")}
      ref={scroller}
      tabIndex={-1}
      onKeyDown={pressed}
      onFocus={focus.onFocus}
      onBlur={focus.onBlur}
    >
      <span id={id} className="nt-hidden">
        {ui.l.keys}
      </span>
      {waiting > 0 && (
        <div className="nt-newer">
          <button type="button" className="nt-button nt-primary" onClick={toTop}>
            <Icon name="high" />
            {ui.l.newer(waiting)}
          </button>
        </div>
      )}
      {items.length === 0 ? (
        <Nothing list={list} isFiltered={isFiltered} />
      ) : (
        <ul
          aria-label={ui.l.list}
          aria-describedby={id}
          aria-busy={list.isLoading}
          style={{ height: virtual.getTotalSize() }}
        >
          {rows.map((row) => {
            const item = items[row.index]!;
            return (
              <li
                key={row.key}
                ref={virtual.measureElement}
                data-index={row.index}
                aria-posinset={row.index + 1}
                aria-setsize={list.hasMore ? -1 : items.length}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <Heading items={items} at={row.index} pinned={pinned} />
                <ListItem
                  notification={item}
                  tabIndex={focus.id === item.id || (focus.id === null && row.index === 0) ? 0 : -1}
                  isSelected={selection?.has(item.id)}
                  onSelect={selection?.toggle}
                  onDragStart={onDragStart}
                  onDragEnd={onDragEnd}
                />
              </li>
            );
          })}
        </ul>
      )}
      <Foot list={list} count={items.length} />
    </div>
  );
}

/** The name of the day, above its first. */
function Heading({ items, at, pinned }: { items: readonly Notification[]; at: number; pinned: number }) {
  const { l } = useUi();
  const now = useNow() || Date.now();
  const item = items[at]!;
  if (at < pinned) return at === 0 ? <h3 className="nt-day">{l.pinned}</h3> : null;
  const before = at > pinned ? items[at - 1] : undefined;
  if (before && dayKey(before.sort_at) === dayKey(item.sort_at)) return null;
  return <h3 className="nt-day">{dayName(l, item.sort_at, now)}</h3>;
}

function Nothing({ list, isFiltered }: { list: UseNotifications; isFiltered: boolean }) {
  const { l, slots } = useUi();
  const toasts = toastsOf(useNotifyClient());
  const isMissed = isFiltered && list.isLoaded && !list.isLoading && !list.error;
  useEffect(() => {
    if (isMissed) toasts.say(l.noMatchTitle);
  }, [toasts, l, isMissed]);
  if (list.error) return null;
  if (list.isLoading || !list.isLoaded) return <Skeleton />;
  if (!isFiltered && slots?.empty) return slots.empty;
  return (
    <div className="nt-state">
      <span className="nt-state-icon">
        <Icon name={isFiltered ? "search" : "bell"} />
      </span>
      <h3>{isFiltered ? l.noMatchTitle : l.emptyTitle}</h3>
      <p>{isFiltered ? l.noMatchText : l.emptyText}</p>
    </div>
  );
}

function Skeleton() {
  const { l } = useUi();
  return (
    <div className="nt-skeleton" role="status">
      <span className="nt-hidden">{l.loading}</span>
      {[0, 1, 2, 3].map((n) => (
        <div key={n} aria-hidden="true">
          <i />
          <b />
          <s />
        </div>
      ))}
    </div>
  );
}

function Foot({ list, count }: { list: UseNotifications; count: number }) {
  const { l } = useUi();
  function again(event: MouseEvent): void {
    event.currentTarget.closest<HTMLElement>(".nt-list")?.focus();
    void list.refresh();
  }
  if (list.error) {
    return (
      <div className="nt-state" role="alert">
        <h3>{l.errorTitle}</h3>
        <p>{list.error.message}</p>
        <button type="button" className="nt-button" onClick={again}>
          {l.retry}
        </button>
      </div>
    );
  }
  if (count === 0) return null;
  if (list.isLoading) return <p className="nt-foot">{l.loading}</p>;
  return list.hasMore ? null : <p className="nt-foot">{l.end}</p>;
}

function useOlder(list: UseNotifications, last: number, count: number): void {
  const { isLoaded, hasMore, isLoading, error, loadMore } = list;
  const { isCurrent, pending } = useConnection();
  // All that was shown may be done with, and more is below. Until the server knows, it lists those.
  const isReady = isLoaded && (count > 0 || pending === 0);
  useEffect(() => {
    const isWanted = isCurrent && isReady && hasMore && !isLoading && !error;
    if (isWanted && last >= count - AHEAD) void loadMore();
  }, [isCurrent, isReady, count, hasMore, isLoading, error, last, loadMore]);
}

/**
 * While somebody reads further down, what arrives above waits, so that nothing moves under the eyes and
 * nothing is drawn anew. At the top it is shown.
 *
 * @param key another list starts afresh.
 */
function useWaiting(
  scroller: { current: HTMLElement | null },
  all: readonly Notification[],
  key: string,
): [readonly Notification[], number] {
  const shown = useRef({ key, items: all, ids: null as Set<string> | null });
  const isAway = (scroller.current?.scrollTop ?? 0) > AT_TOP;
  const items = useMemo(() => {
    const before = shown.current;
    if (!isAway || before.key !== key) return all;
    const ids = before.ids ?? new Set(before.items.map(({ id }) => id));
    const lowest = all.findLastIndex(({ id }) => ids.has(id));
    const next = all.filter(({ id }, at) => at > lowest || ids.has(id));
    const isSame = next.length === before.items.length && next.every((one, at) => one === before.items[at]);
    return isSame ? before.items : next;
  }, [all, isAway, key]);
  useLayoutEffect(() => {
    const before = shown.current;
    let { ids } = before;
    if (!isAway || before.key !== key) ids = null;
    else if (ids === null) ids = new Set([...before.items, ...items].map(({ id }) => id));
    else if (before.items !== items) for (const { id } of items) ids.add(id);
    shown.current = { key, items, ids };
  });
  return [items, all.length - items.length];
}

/** Keeps what is read where it is while new ones come in above it. */
function useSteady(
  scroller: { current: HTMLElement | null },
  virtual: ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>,
  items: readonly Notification[],
): void {
  const anchor = useRef<{ id: string; within: number } | null>(null);
  const before = useRef(items);
  useLayoutEffect(() => {
    const top = scroller.current?.scrollTop ?? 0;
    const held = anchor.current;
    if (before.current !== items && held !== null && top > AT_TOP) {
      const at = items.findIndex((item) => item.id === held.id);
      const start = at < 0 ? undefined : virtual.measurementsCache[at]?.start;
      if (start !== undefined && Math.abs(start + held.within - top) > 1)
        virtual.scrollToOffset(start + held.within);
    }
    before.current = items;
  }, [items, scroller, virtual]);
  useLayoutEffect(() => {
    const top = scroller.current?.scrollTop ?? 0;
    const first = virtual.getVirtualItems().find((row) => row.end > top);
    anchor.current = first ? { id: String(first.key), within: top - first.start } : null;
  });
}

/** What somebody has in front of them is seen. */
function useSeen(isOn: boolean, inView: readonly (Notification | undefined)[]): void {
  const client = useNotifyClient();
  const ids = inView.flatMap((item) => (item && item.seen_at === null ? [item.id] : []));
  const key = isOn ? ids.join(" ") : "";
  useEffect(() => {
    if (key === "") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // In a tab behind others nobody has it in front of them.
    const look = () => {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(() => void client.markAsSeen(key.split(" ")), SEEN_AFTER_MS);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [client, key]);
}

interface Focus {
  /** Where the Tab key enters the list. */
  readonly id: string | null;
  to(at: number): void;
  onFocus(event: { target: EventTarget }): void;
  onBlur(event: { relatedTarget: EventTarget | null }): void;
}

/** One stop for Tab; the focus stays in the list when the focused one, or a button of it, goes. */
function useFocus(
  scroller: { current: HTMLElement | null },
  items: readonly Notification[],
  show: (at: number) => void,
): Focus {
  const [id, setId] = useState<string | null>(null);
  const place = useRef({ at: 0, isIn: false, held: null as Element | null, wanted: null as string | null });
  const known = id === null ? -1 : items.findIndex((item) => item.id === id);
  useEffect(() => {
    const here = place.current;
    if (known >= 0) {
      here.at = known;
      if (here.isIn && !here.held?.isConnected && document.activeElement === document.body) here.wanted = id;
    } else if (id !== null) {
      const next = items[Math.min(here.at, items.length - 1)];
      setId(next?.id ?? null);
      if (here.isIn && next) here.wanted = next.id;
      else if (here.isIn) scroller.current?.focus();
    }
    if (here.wanted === null) return;
    const element = scroller.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(here.wanted)}"]`);
    if (!element) return;
    here.wanted = null;
    element.focus();
  });
  return {
    id: known >= 0 ? id : null,
    to(at) {
      const item = items[at];
      if (item === undefined) return;
      place.current.wanted = item.id;
      setId(item.id);
      show(at);
    },
    onFocus({ target }) {
      const found = (target as Element).closest<HTMLElement>("[data-id]")?.dataset.id;
      place.current.isIn = found !== undefined;
      place.current.held = target as Element;
      if (found !== undefined) setId(found);
    },
    onBlur({ relatedTarget }) {
      // An element that is taken away gives the focus to nobody: then it stays ours.
      if (relatedTarget !== null) place.current.isIn = false;
    },
  };
}

function useKeys(
  items: readonly Notification[],
  focus: Focus,
  selection: Selection | undefined,
  root: () => HTMLElement | null,
): (event: KeyboardEvent) => void {
  const actions = useActions();
  return (event) => {
    const article = event.target as HTMLElement;
    const at = items.findIndex((item) => item.id === article.dataset?.id);
    const item = items[at];
    if (item === undefined) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[key];
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && key === "a" && selection) selection.all();
    else if (isCommand || event.altKey) return;
    else if (to !== undefined) {
      if (event.shiftKey && selection)
        selection.toggle(items[Math.max(0, Math.min(to, items.length - 1))] ?? item, true, item);
      focus.to(Math.max(0, Math.min(to, items.length - 1)));
    } else if (key === "Enter") actions.open(item, null);
    else if ((key === "x" || key === " ") && selection) selection.toggle(item, event.shiftKey);
    else if (key === "s")
      root()
        ?.querySelector<HTMLElement>(`[data-id="${CSS.escape(item.id)}"] .nt-snooze`)
        ?.click();
    else if (key === "Escape" && selection && selection.size > 0) {
      selection.clear();
      event.stopPropagation();
    } else if (KEYS[key]) actions.do(KEYS[key](item), selection?.has(item.id) ? selection.items() : [item]);
    else return;
    event.preventDefault();
  };
}
