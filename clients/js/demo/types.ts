/** The shapes on the wire, as far as this page uses them. */

export const PRIORITIES = ["low", "normal", "high", "urgent", "critical"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What everybody sees of a notification. */
export interface Content {
  id: string;
  revision: number;
  title: string;
  message: string;
  type: string;
  priority: Priority;
  created_at: string;
  tags?: string[];
  data?: Record<string, unknown>;
  sender?: { name?: string | null } | null;
  action_url?: string | null;
  action_label?: string | null;
  requires_acknowledgment?: boolean;
  /** False: nowhere stored; shown once to whoever is there. */
  persist?: boolean;
  collapse_key?: string | null;
}

/** The person's own state of it. Times are RFC 3339 in UTC. */
export interface OwnState {
  /** Its place in the list. */
  sort_at: string;
  seen_at: string | null;
  is_read: boolean;
  read_at: string | null;
  clicked_at: string | null;
  acknowledged_at: string | null;
  is_dismissed: boolean;
  dismissed_at: string | null;
  pinned_at: string | null;
  snoozed_until: string | null;
}

export type Notification = Content & OwnState;
export type Changes = Partial<OwnState>;

/** A later revision that goes to many at once carries nobody's own state. */
export type Incoming = Content & Partial<OwnState>;

export interface NotificationFrame {
  notification: Incoming;
  replayed?: boolean;
  attempt?: number;
  reminder?: number;
}

export interface Count {
  count: number;
  unseen: number;
  more: boolean;
}

/** Either these ids, or all that fit. */
export interface Updated {
  ids?: string[];
  all?: boolean;
  before?: string | null;
  type?: string | null;
  tags?: string[];
  changes: Changes;
}

export interface Removed {
  ids: string[];
  reason: "deleted" | "expired" | "cancelled";
}

export interface ReplayDone {
  recovered: boolean;
  count: number;
  cursor: string;
}

export interface Page {
  items: Notification[];
  page_info: { before: string | null; after: string | null; has_more: boolean };
}

export interface ServerEvents {
  notification: (frame: NotificationFrame, ack?: () => void) => void;
  notification_count: (count: Count & { cursor: string }) => void;
  notification_updated: (updated: Updated) => void;
  notification_removed: (removed: Removed) => void;
  replay_done: (done: ReplayDone) => void;
  token_expiring: (expiring: { expires_in_s: number }) => void;
  reconnect: (advice: { reason: string; after_ms: number }) => void;
}

/** What the server answers to every event of ours. */
export type Answer<T = unknown> =
  ({ ok: true } & T) | { ok: false; error: { code: string; message: string; details?: unknown } };

/** What the demo server tells the page about its user. */
export interface Session {
  user: string;
  token: string;
  api_key: string;
  socket_path: string;
  api_url: string;
}
