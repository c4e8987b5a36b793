/** One notification: its place, what is new about a frame, and what actions change. */
import type { Changes, Incoming, Notification, OwnState, ServerPayloads } from "../generated/wire";
import type { Verb } from "./types";

/** The state that a new notification has for everybody. */
function newState(content: Incoming): OwnState {
  return {
    status: "sent",
    sort_at: content.created_at,
    delivered_at: null,
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

/** Frames that are not for many, and those of a first revision, bring the whole state. */
function hasState(incoming: Incoming): incoming is Notification {
  return OWN_FIELDS.every((field) => field in incoming);
}

/** Takes over the content; the state too where the frame brings it, else what is held stays. */
export function merged(held: Notification | undefined, incoming: Incoming): Notification {
  if (hasState(incoming)) return incoming;
  if (held === undefined) return { ...newState(incoming), ...incoming };
  const own = Object.fromEntries(OWN_FIELDS.map((field) => [field, held[field]])) as unknown as OwnState;
  return { ...own, ...incoming };
}

/**
 * Newest first; ids, which are made in order, decide between equals.
 *
 * Times on the wire all have one form, so their texts compare as they do.
 */
export function byPlace(a: Place, b: Place): number {
  if (a.sort_at !== b.sort_at) return a.sort_at < b.sort_at ? 1 : -1;
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1;
}

export type Place = Pick<Notification, "id" | "sort_at">;

/** Whether `incoming` says nothing that `held` does not: the same or an older revision and place. */
export function isKnown(held: Notification, incoming: Incoming): boolean {
  if (incoming.revision !== held.revision) return incoming.revision < held.revision;
  return incoming.sort_at === undefined || incoming.sort_at <= held.sort_at;
}

/** Snoozed until it is back: then its `sort_at` is past the snooze. No clock is asked. */
export function isSnoozed(item: Notification): boolean {
  return item.snoozed_until !== null && item.snoozed_until > item.sort_at;
}

export function isUnread(item: Notification): boolean {
  return !item.is_read && !item.is_dismissed && !isSnoozed(item);
}

export function isUnseen(item: Notification): boolean {
  return item.seen_at === null && isUnread(item);
}

/** Whether a `notification_updated` means this one; `limit` is the place of its `before`. */
export function isMeant(
  item: Notification,
  updated: Omit<ServerPayloads["notification_updated"], "changes">,
  limit: Place | undefined,
): boolean {
  if (!updated.all) return updated.ids?.includes(item.id) ?? false;
  const { before, type, tags = [] } = updated;
  return (
    (!before || (limit ? byPlace(limit, item) <= 0 : item.id <= before)) &&
    (!type || item.type === type) &&
    (tags.length === 0 || tags.some((tag) => item.tags.includes(tag)))
  );
}

export interface Detail {
  until?: string;
  action?: string;
}

const read = (now: string): Changes => ({ is_read: true, read_at: now, seen_at: now });

/** What each action changes at once; those that are missing change no notification. */
const EFFECTS: Partial<Record<Verb, (now: string, detail: Detail) => Changes>> = {
  mark_read: read,
  mark_all_read: read,
  mark_unread: () => ({ is_read: false, read_at: null }),
  mark_seen: (now) => ({ seen_at: now }),
  acknowledge: (now) => ({ ...read(now), acknowledged_at: now }),
  clicked: (now) => ({ ...read(now), clicked_at: now }),
  dismiss: (now) => ({ is_dismissed: true, dismissed_at: now, seen_at: now }),
  restore: () => ({ is_dismissed: false, dismissed_at: null }),
  pin: (now) => ({ pinned_at: now }),
  unpin: () => ({ pinned_at: null }),
  snooze: (_now, { until }) => ({ snoozed_until: until ?? null }),
};

export function effect(verb: Verb, now: string, detail: Detail = {}): Changes {
  return EFFECTS[verb]?.(now, detail) ?? {};
}

/** Changes that fill what is empty and never overwrite an earlier moment. */
const FIRST_MOMENTS = ["seen_at", "read_at", "clicked_at", "acknowledged_at"] as const;

/** The item with an action's changes on it. */
export function acted(item: Notification, changes: Changes): Notification {
  const next = { ...item, ...changes };
  for (const field of FIRST_MOMENTS) {
    if (changes[field] && item[field]) next[field] = item[field];
  }
  return next;
}

/** The field that decides whether two states of it contradict each other. */
const DECIDES: Partial<Record<Verb, keyof OwnState>> = {
  mark_read: "is_read",
  mark_unread: "is_read",
  dismiss: "is_dismissed",
  restore: "is_dismissed",
  pin: "pinned_at",
  unpin: "pinned_at",
  snooze: "snoozed_until",
};

/** A snooze until another moment is another snooze; of the rest only whether it is so counts. */
function decided(state: Changes, field: keyof OwnState): unknown {
  return field === "snoozed_until" ? (state[field] ?? null) : Boolean(state[field]);
}

/**
 * How an action stands to changes made elsewhere: null when they have nothing to do with it.
 *
 * @param theirs may name every field; those that are as they were held did not change.
 */
export function agreement(
  verb: Verb,
  mine: Changes,
  theirs: Changes,
  held: Changes,
): "same" | "contrary" | null {
  const field = DECIDES[verb];
  if (field === undefined || !(field in theirs)) return null;
  if (decided(theirs, field) === decided(held, field)) return null;
  return decided(mine, field) === decided(theirs, field) ? "same" : "contrary";
}
