/** What an application gives the client, and what it reads from it. */
import type { Socket } from "socket.io-client";
import type {
  ClientPayloads,
  ListQuery,
  Notification,
  ServerPayloads,
  Subscriptions,
} from "../generated/wire";

export type Status = "connecting" | "connected" | "reconnecting" | "offline" | "refused";

export interface ConnectionState {
  readonly status: Status;
  /** Why it is so, for people; null: nothing to say. */
  readonly reason: string | null;
  /** The server's code behind it, such as TOKEN_EXPIRED. */
  readonly code: string | null;
}

/** Exact up to 1,000; beyond that 1000 with `more`. */
export interface Counts {
  readonly unread: number;
  readonly unseen: number;
  readonly more: boolean;
}

/** Which notifications a list shows; without any: all that are neither dismissed nor snoozed. */
export type Filters = {
  readonly [
    Name in keyof Omit<ListQuery, "namespace" | "limit" | "before" | "after" | "offset" | "unread_only">
  ]?: NonNullable<ListQuery[Name]>;
};

export interface ListState {
  /** Newest `sort_at` first. */
  readonly notifications: readonly Notification[];
  /** A page is under way. */
  readonly isLoading: boolean;
  /** Something was shown or the server has said that there is nothing. */
  readonly isLoaded: boolean;
  /** There are older ones: `loadMore`. */
  readonly hasMore: boolean;
  readonly error: Refusal | null;
}

/** Each type that the user can switch, and whether it may be. */
export type SubscriptionTypes = Subscriptions["types"];

export interface State {
  readonly connection: ConnectionState;
  readonly counts: Counts;
  /** What the cache held is shown. */
  readonly isLoaded: boolean;
  /** Everything that was missed is here; false until the replay of this connection is over. */
  readonly isCurrent: boolean;
  /** With the user's own edits, even those not yet sent; null: not known yet. */
  readonly subscriptions: SubscriptionTypes | null;
  /** Why they could not be fetched; null: they could, or nobody asked. */
  readonly subscriptionsError: Refusal | null;
  /** Actions that the server has not yet answered. */
  readonly pending: number;
}

export interface Refusal {
  /** The server's code, or one of the client's own: NOT_CONNECTED, NO_ANSWER, CONFLICT. */
  readonly code: string;
  readonly message: string;
}

/** What became of an action. An action made offline is settled when it could be sent. */
export type Outcome = { readonly ok: true } | ({ readonly ok: false } & Refusal);

export type Verb =
  | "mark_read"
  | "mark_unread"
  | "mark_seen"
  | "acknowledge"
  | "clicked"
  | "dismiss"
  | "restore"
  | "pin"
  | "unpin"
  | "snooze"
  | "delete"
  | "mark_all_read"
  | "subscribe"
  | "unsubscribe";

export interface Announcement {
  /** Toasts with the same key replace each other. */
  readonly key: string;
  readonly notification: Notification;
  readonly kind: "new" | "revised" | "reminder";
  /** It was meant for an earlier moment: it came while the user was away. */
  readonly isReplayed: boolean;
}

/** What a client tells, beside its state. */
export interface ClientEvents {
  /** Something worth a toast and a sound: said once in all tabs of the browser. */
  announce: (announcement: Announcement) => void;
  /** An action was refused and taken back, or the server's state won over it. */
  refused: (refused: { verb: Verb; ids: readonly string[] } & Refusal) => void;
  /** The user logged out, here or in another tab. */
  loggedOut: () => void;
  /** Everything on the wire but tokens, for a log. */
  wire: (direction: "in" | "out", event: string, payload: unknown) => void;
  /** Storage, a token or a connection failed; where nobody listens, the console tells it. */
  fault: (message: string, error: unknown) => void;
}

export interface ClientOptions {
  /** Whose notifications: names the cache. A token for somebody else is refused. */
  user: string;
  /** A fresh token. Asked at the start, a minute before the old one ends, and when it was refused. */
  getToken: () => string | Promise<string>;
  /** Origin of the server; default: the page's own. */
  url?: string;
  /** Where the server's Socket.IO is; default `/socket.io/`. */
  path?: string;
  /** Where its HTTP API is; default `/api/v1`. */
  apiPath?: string;
  /** The line; default `/`, that of every user. */
  namespace?: string;
  /** False: nothing is kept in IndexedDB, so nothing outlives the page. */
  cache?: boolean;
  /** Tells servers behind one origin apart, where several share it (a demo, a test). */
  cacheScope?: string;
  /** How Engine.IO connects; default long-polling first, then WebSocket where it gets through. */
  transports?: ("polling" | "websocket")[];
  /** Longest wait before coming back, in ms; default 20,000. */
  reconnectDelayMax?: number;
}

export type ServerEvents = {
  [Event in keyof ServerPayloads]: (payload: ServerPayloads[Event], ack?: () => void) => void;
};
export type ClientEvent = keyof ClientPayloads;
export type NotifySocket = Socket<ServerEvents>;
