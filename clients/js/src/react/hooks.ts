/** What components read: each hook redraws only when what it gives has changed. */
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Ids, NotifyClient } from "../core/client";
import { SERVER_LIST, SERVER_STATE } from "../core/view";
import { filterKey } from "../core/filters";
import type {
  ClientEvents,
  ConnectionState,
  Counts,
  Filters,
  ListState,
  NotifySocket,
  Outcome,
  Refusal,
  State,
  SubscriptionTypes,
} from "../core/types";
import type { Notification } from "../generated/wire";
import { useNotifyClient } from "./context";

function useSnapshot<T>(client: NotifyClient, read: () => T, onServer: () => T): T {
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client]);
  return useSyncExternalStore(subscribe, read, onServer);
}

/** One part of the state; of this package only. */
export function useClientState<Name extends keyof State>(name: Name): State[Name] {
  const client = useNotifyClient();
  return useSnapshot(
    client,
    () => client.getState()[name],
    () => SERVER_STATE[name],
  );
}

export interface UseNotifications extends ListState {
  /** The next older page. */
  loadMore: () => Promise<void>;
  /** The newest page once more. */
  refresh: () => Promise<void>;
}

/** A list, kept filled: `useNotifications({ unread: true })`. */
export function useNotifications(filters: Filters = {}): UseNotifications {
  const client = useNotifyClient();
  const key = filterKey(filters);
  // Filters that say the same are the same, whichever object says it.
  const stable = useMemo(() => Object.fromEntries(JSON.parse(key) as [string, unknown][]) as Filters, [key]);
  useEffect(() => client.watch(stable), [client, stable]);
  const list = useSnapshot(
    client,
    () => client.getList(stable),
    () => SERVER_LIST,
  );
  return useMemo(
    () => ({
      ...list,
      loadMore: () => client.loadMore(stable),
      refresh: () => client.refresh(stable),
    }),
    [client, list, stable],
  );
}

/** How many are unread and unseen. */
export function useCounts(): Counts {
  return useClientState("counts");
}

export interface UseConnection extends ConnectionState {
  readonly isConnected: boolean;
  /** Everything that was missed is here. */
  readonly isCurrent: boolean;
  /** Actions that the server has not yet answered. */
  readonly pending: number;
  /** Connects, or tries again after a refusal. */
  connect: () => void;
  /** Stays away until `connect`. */
  disconnect: () => void;
}

/** How the connection stands, and why. */
export function useConnection(): UseConnection {
  const client = useNotifyClient();
  const connection = useClientState("connection");
  const isCurrent = useClientState("isCurrent");
  const pending = useClientState("pending");
  return useMemo(
    () => ({
      ...connection,
      isConnected: connection.status === "connected",
      isCurrent,
      pending,
      connect: () => client.connect(),
      disconnect: () => client.disconnect(),
    }),
    [client, connection, isCurrent, pending],
  );
}

export interface UseNotification {
  /** undefined: it is not known yet, or there is none. */
  readonly notification: Notification | undefined;
  readonly isLoading: boolean;
  /** An action on it has not been answered yet. */
  readonly isPending: boolean;
}

/** One notification, by its id; fetched where no list holds it. */
export function useNotification(id: string): UseNotification {
  const client = useNotifyClient();
  const isCurrent = useClientState("isCurrent");
  const [asked, setAsked] = useState<string | null>(null);
  const notification = useSnapshot(
    client,
    () => client.getNotification(id),
    () => undefined,
  );
  const isPending = useSnapshot(
    client,
    () => client.isPending(id),
    () => false,
  );
  const isMissing = notification === undefined;
  useEffect(() => {
    if (!isCurrent || !isMissing) return;
    let isWanted = true;
    const done = () => isWanted && setAsked(id);
    client.fetchNotification(id).then(done, done);
    return () => void (isWanted = false);
  }, [client, id, isCurrent, isMissing]);
  const isLoading = isMissing && asked !== id;
  return useMemo(() => ({ notification, isLoading, isPending }), [notification, isLoading, isPending]);
}

export interface UseSubscriptions {
  /** null: not known yet. With edits that are not yet sent. */
  readonly types: SubscriptionTypes | null;
  readonly isLoading: boolean;
  /** Why they could not be fetched; null: all is well. */
  readonly error: Refusal | null;
  /** Fetches them once more. */
  refresh: () => Promise<void>;
  /** Shown at once; what the server refuses is taken back and told by the outcome. */
  setSubscribed: (types: Ids, isOn: boolean) => Promise<Outcome>;
}

/** Which types the user wants. */
export function useSubscriptions(): UseSubscriptions {
  const client = useNotifyClient();
  useEffect(() => client.watchSubscriptions(), [client]);
  const types = useClientState("subscriptions");
  const error = useClientState("subscriptionsError");
  return useMemo(
    () => ({
      types,
      isLoading: types === null && error === null,
      error,
      refresh: () => client.refreshSubscriptions(),
      setSubscribed: (names: Ids, isOn: boolean) => client.setSubscribed(names, isOn),
    }),
    [client, types, error],
  );
}

/** Calls the listener for each event of the client: announcements, refusals, faults. */
export function useClientEvent<Event extends keyof ClientEvents>(
  event: Event,
  listener: ClientEvents[Event],
): void {
  const client = useNotifyClient();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => {
    const call = (...args: unknown[]) => (latest.current as (...all: unknown[]) => void)(...args);
    return client.on(event, call as ClientEvents[Event]);
  }, [client, event]);
}

export interface UseNotificationSocket {
  notifications: readonly Notification[];
  unreadCount: number;
  markAsRead: (id: string) => Promise<Outcome>;
  /** null until it was first connected. */
  socket: NotifySocket | null;
}

/** Everything at once, for the simplest bell. */
export function useNotificationSocket(): UseNotificationSocket {
  const client = useNotifyClient();
  const { notifications } = useNotifications();
  const { unread: unreadCount } = useCounts();
  const socket = useSnapshot(
    client,
    () => client.socket,
    () => null,
  );
  const markAsRead = useCallback((id: string) => client.markAsRead(id), [client]);
  return useMemo(
    () => ({ notifications, unreadCount, markAsRead, socket }),
    [notifications, unreadCount, markAsRead, socket],
  );
}
