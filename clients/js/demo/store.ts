/**
 * What the page holds, and how each event changes it: pure functions from state to state.
 *
 * The view draws a state, the connection feeds the events in, `memory.ts` keeps it between visits.
 * Counts are never worked out here: only the server knows what lies beyond the page.
 */
import type {
  Changes,
  Count,
  Incoming,
  Notification,
  NotificationFrame,
  OwnState,
  Removed,
  Updated,
} from "./types";

/** How many notifications, and how many removed ids, are held. */
export const KEPT = 300;

export interface Held {
  readonly item: Notification;
  /** It came after the moment it was meant for. */
  readonly replayed: boolean;
  /** The number of the latest reminder; 0: none. */
  readonly reminder: number;
  /** How often this revision was announced, reminders aside: never more than once. */
  readonly shown: number;
}

export interface State {
  readonly items: ReadonlyMap<string, Held>;
  /** Removed ones: a late retry must not bring them back. */
  readonly gone: ReadonlySet<string>;
  readonly count: Count;
  /** Up to where `items` is complete; sent when connecting. */
  readonly cursor: string | null;
  /** Whether the replay of this connection is over; before that, cursors are not taken over. */
  readonly live: boolean;
}

/** What a frame turned out to be. */
export type Verdict = "new" | "revised" | "reminder" | "duplicate";

export const EMPTY: State = {
  items: new Map(),
  gone: new Set(),
  count: { count: 0, unseen: 0, more: false },
  cursor: null,
  live: false,
};

/** The state that a new notification has for everybody. */
function newState(content: Incoming): OwnState {
  return {
    sort_at: content.created_at,
    seen_at: null,
    is_read: false,
    read_at: null,
    clicked_at: null,
    acknowledged_at: null,
    is_dismissed: false,
    dismissed_at: null,
    pinned_at: null,
    snoozed_until: null,
  };
}

const OWN_FIELDS = Object.keys(newState({ created_at: "" } as Incoming)) as (keyof OwnState)[];

function ownState(item: Notification): OwnState {
  return Object.fromEntries(OWN_FIELDS.map((field) => [field, item[field]])) as unknown as OwnState;
}

function time(rfc3339: string): number {
  return Date.parse(rfc3339);
}

/** Whether `incoming` says nothing that `held` does not: the same or an older revision and place. */
function isKnown(held: Notification, incoming: Incoming): boolean {
  if (incoming.revision !== held.revision) return incoming.revision < held.revision;
  return incoming.sort_at === undefined || time(incoming.sort_at) <= time(held.sort_at);
}

/** Newest first; ids, which are made in order, decide between equals. */
function byPlace(a: Notification, b: Notification): number {
  return time(b.sort_at) - time(a.sort_at) || (a.id < b.id ? 1 : -1);
}

function trimmed(items: Map<string, Held>): Map<string, Held> {
  if (items.size <= KEPT) return items;
  const rest = [...items.values()]
    .filter((held) => held.item.pinned_at === null)
    .sort((a, b) => byPlace(a.item, b.item));
  for (const { item } of rest.slice(KEPT - (items.size - rest.length))) items.delete(item.id);
  return items;
}

function withItem(state: State, held: Held): State {
  return { ...state, items: trimmed(new Map(state.items).set(held.item.id, held)) };
}

/** Takes a `notification` frame, and says whether it is worth telling. */
export function receive(state: State, frame: NotificationFrame): [State, Verdict] {
  const incoming = frame.notification;
  if (state.gone.has(incoming.id)) return [state, "duplicate"];
  const held = state.items.get(incoming.id);
  const known = held !== undefined && isKnown(held.item, incoming);
  if (known && !frame.reminder) return [state, "duplicate"];
  const item = known ? held.item : { ...(held ? ownState(held.item) : newState(incoming)), ...incoming };
  const next: Held = {
    item,
    replayed: known ? held.replayed : frame.replayed === true,
    reminder: frame.reminder ?? held?.reminder ?? 0,
    shown: known ? held.shown : 0,
  };
  const back = held !== undefined && item.sort_at !== held.item.sort_at;
  const verdict = frame.reminder ? "reminder" : held === undefined || back ? "new" : "revised";
  return [withItem(state, next), verdict];
}

/** Counts that the person was told of `id` as it is now. */
export function announced(state: State, id: string): State {
  const held = state.items.get(id);
  return held === undefined ? state : withItem(state, { ...held, shown: held.shown + 1 });
}

function isAtOrBefore(state: State, item: Notification, limit: string): boolean {
  const held = state.items.get(limit);
  return held === undefined ? item.id <= limit : byPlace(held.item, item) <= 0;
}

function isMeant(state: State, item: Notification, updated: Updated): boolean {
  if (!updated.all) return updated.ids?.includes(item.id) ?? false;
  const { before, type, tags = [] } = updated;
  return (
    (!before || item.id === before || isAtOrBefore(state, item, before)) &&
    (!type || item.type === type) &&
    (tags.length === 0 || tags.some((tag) => item.tags?.includes(tag)))
  );
}

/** Takes `notification_updated`, and what the person's own actions changed. */
export function update(state: State, updated: Updated): State {
  const items = new Map(state.items);
  for (const [id, held] of state.items) {
    if (isMeant(state, held.item, updated)) {
      items.set(id, { ...held, item: { ...held.item, ...updated.changes } });
    }
  }
  return { ...state, items };
}

/** Whether an update brings something back into the list that is not held. */
export function isMissing(state: State, updated: Updated): boolean {
  const back = updated.changes.is_dismissed === false || updated.changes.snoozed_until === null;
  return back && (updated.ids ?? []).some((id) => !state.items.has(id) && !state.gone.has(id));
}

/** Takes `notification_removed`. */
export function remove(state: State, removed: Pick<Removed, "ids">): State {
  const items = new Map(state.items);
  for (const id of removed.ids) items.delete(id);
  return { ...state, items, gone: new Set([...state.gone, ...removed.ids].slice(-KEPT)) };
}

/** Takes `notification_count`. */
export function counted(state: State, { cursor, ...count }: Count & { cursor: string }): State {
  return { ...state, count, cursor: state.live ? cursor : state.cursor };
}

/** A connection begins: until its replay is over, `cursor` stays where it was. */
export function connected(state: State): State {
  return { ...state, live: false };
}

/** Takes `replay_done`: from here on the state is complete up to `cursor`. */
export function caughtUp(state: State, cursor: string): State {
  return { ...state, live: true, cursor };
}

/**
 * Takes the newest part of the list as the server has it.
 *
 * @param asked what was held when the list was asked for: only of these an absence means something.
 * @param complete whether the list ends there.
 */
export function listed(
  state: State,
  list: Notification[],
  asked: ReadonlyMap<string, Held>,
  complete: boolean,
): State {
  const found = new Set(list.map((item) => item.id));
  const oldest = complete ? -Infinity : Math.min(...list.map((item) => time(item.sort_at)));
  const items = new Map(state.items);
  for (const [id, held] of asked) {
    if (!found.has(id) && time(held.item.sort_at) >= oldest) items.delete(id);
  }
  for (const item of list) {
    const held = state.items.get(item.id);
    if (state.gone.has(item.id) || (held !== undefined && item.revision < held.item.revision)) continue;
    items.set(item.id, { replayed: false, reminder: 0, shown: 0, ...held, item });
  }
  return { ...state, items: trimmed(items) };
}

/** What the list shows: newest first, without what is dismissed or snoozed. */
export function visible(state: State): Held[] {
  return [...state.items.values()]
    .filter(({ item }) => !item.is_dismissed && !isSnoozed(item))
    .sort((a, b) => byPlace(a.item, b.item));
}

/** Snoozed until it is back: then its `sort_at` is past the snooze. No clock is asked. */
export function isSnoozed(item: Notification): boolean {
  return item.snoozed_until !== null && time(item.snoozed_until) > time(item.sort_at);
}

/** What a person can do with a notification, and what it changes. */
export const EFFECTS = {
  mark_read: (now: string): Changes => ({ is_read: true, read_at: now, seen_at: now }),
  mark_unread: (): Changes => ({ is_read: false, read_at: null }),
  mark_seen: (now: string): Changes => ({ seen_at: now }),
  dismiss: (now: string): Changes => ({ is_dismissed: true, dismissed_at: now, seen_at: now }),
  pin: (now: string): Changes => ({ pinned_at: now }),
  unpin: (): Changes => ({ pinned_at: null }),
  snooze: (now: string, for_s = 0): Changes => ({
    snoozed_until: new Date(time(now) + for_s * 1000).toISOString(),
  }),
  acknowledge: (now: string): Changes => ({
    acknowledged_at: now,
    is_read: true,
    read_at: now,
    seen_at: now,
  }),
  clicked: (now: string): Changes => ({ clicked_at: now, is_read: true, read_at: now, seen_at: now }),
} as const;

export type Verb = keyof typeof EFFECTS | "delete";
