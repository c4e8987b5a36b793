/** Notifications as the server sends them, with what a test cares about. */
import { EMPTY, receive, type State } from "../../demo/store";
import type { Notification } from "../../demo/types";

/** A moment `seconds` after a fixed one. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 5, 12) + seconds * 1000).toISOString();
}

export function sample(id: string, fields: Partial<Notification> = {}): Notification {
  const second = Number(id.replace(/\D/g, "")) || 0;
  return {
    id,
    revision: 1,
    title: `Title ${id}`,
    message: "Message",
    type: "info",
    priority: "normal",
    created_at: at(second),
    sort_at: at(second),
    tags: [],
    data: {},
    seen_at: null,
    is_read: false,
    read_at: null,
    clicked_at: null,
    acknowledged_at: null,
    is_dismissed: false,
    dismissed_at: null,
    pinned_at: null,
    snoozed_until: null,
    ...fields,
  };
}

export function holding(...items: Notification[]): State {
  return items.reduce((state, notification) => receive(state, { notification })[0], EMPTY);
}

export function item(state: State, id: string): Notification {
  const held = state.items.get(id);
  if (held === undefined) throw new Error(`${id} is not held`);
  return held.item;
}
