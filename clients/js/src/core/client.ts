/**
 * The client as an application sees it.
 *
 * Making one touches nothing; `start` opens the cache, shows what it holds and connects.
 */
import type { Notification } from "../generated/wire";
import { Engine } from "./engine";
import { isUnread } from "./item";
import { checked } from "./options";
import { concerns, type RowDetail } from "./rows";
import type {
  ClientEvents,
  ClientOptions,
  Filters,
  ListState,
  NotifySocket,
  Outcome,
  State,
  Verb,
} from "./types";
import type { Events } from "./view";

/** One id or many. */
export type Ids = string | readonly string[];
/** When a snoozed one comes back. */
export type Snooze = { until: string | Date } | { forS: number };

export class NotifyClient {
  readonly user: string;
  readonly #engine: Engine;

  /** @throws TypeError that says which option is wrong, and what to give. */
  constructor(options: ClientOptions) {
    const given = checked(options);
    this.user = given.user;
    this.#engine = new Engine(given);
  }

  /** Shows the cache, then connects. Again after `stop`. */
  start(): Promise<void> {
    return this.#engine.start();
  }

  /** Lets go of everything; what is kept stays kept. */
  stop(): Promise<void> {
    return this.#engine.stop();
  }

  /** Connects, or tries again after a refusal. */
  connect(): void {
    this.#engine.connect();
  }

  /** Leaves, as a laptop that is shut would: what is done meanwhile is sent on return. */
  disconnect(): void {
    this.#engine.disconnect();
  }

  /** Ends the session in all tabs, and takes away what is kept of this user. */
  logout(): Promise<void> {
    return this.#engine.logout();
  }

  // -- What is shown ---------------------------------------------------------------------------

  /** The same object until something changes. */
  getState(): State {
    return this.#engine.state;
  }

  /** Called after every change; at most once a frame for what comes from the server. */
  subscribe(listener: () => void): () => void {
    return this.#engine.events.on("change", listener);
  }

  /** What a list shows; the same object until that changes. Fetches nothing: `watch` does. */
  getList(filters: Filters = {}): ListState {
    return this.#engine.lists.state(filters);
  }

  /** One that is held, whether or not a list shows it. */
  getNotification(id: string): Notification | undefined {
    return this.#engine.store.shown.get(id);
  }

  /** One that may not be held: fetched where it is not. undefined: there is none. */
  fetchNotification(id: string): Promise<Notification | undefined> {
    return this.#engine.fetchNotification(id);
  }

  /** Whether an action on it has not been answered yet. */
  isPending(id: string): boolean {
    return this.#engine.store.rows.some((row) => concerns(row, id));
  }

  /** Keeps a list filled for as long as somebody looks; returns how to stop. */
  watch(filters: Filters = {}): () => void {
    const list = this.#engine.lists.of(filters);
    list.watchers++;
    if (this.#engine.feed.isCurrent && list.isStale) void this.#engine.feed.fetchTop(list);
    let isWatching = true;
    return () => {
      if (isWatching) list.watchers--;
      isWatching = false;
    };
  }

  /** The next older page of a list. */
  async loadMore(filters: Filters = {}): Promise<void> {
    const { feed, lists, pages } = this.#engine;
    const list = lists.of(filters);
    if (feed.isCurrent) await (list.isStale ? feed.fetchTop(list) : pages.fetchMore(list));
  }

  /** The newest page of a list once more. */
  async refresh(filters: Filters = {}): Promise<void> {
    if (this.#engine.connection.isConnected) await this.#engine.feed.fetchTop(this.#engine.lists.of(filters));
  }

  /** Keeps the subscriptions known for as long as somebody looks; returns how to stop. */
  watchSubscriptions(): () => void {
    this.#engine.typesWatchers++;
    if (this.#engine.feed.isCurrent) void this.#engine.fetchTypes();
    return () => void this.#engine.typesWatchers--;
  }

  /** The subscriptions once more. */
  async refreshSubscriptions(): Promise<void> {
    if (this.#engine.connection.isConnected) await this.#engine.fetchTypes();
  }

  on<Event extends keyof ClientEvents>(event: Event, listener: ClientEvents[Event]): () => void {
    return this.#engine.events.on(event, listener as Events[Event]);
  }

  /** The socket itself, for events of your own; null before `start`. */
  get socket(): NotifySocket | null {
    return this.#engine.connection.socket;
  }

  // -- What a person does ----------------------------------------------------------------------

  markAsRead(ids: Ids): Promise<Outcome> {
    return this.#act("mark_read", ids, (item) => !item.is_read);
  }

  markAsUnread(ids: Ids): Promise<Outcome> {
    return this.#act("mark_unread", ids, (item) => item.is_read);
  }

  /** Opening the bell is seeing; without ids: everything that is shown. */
  markAsSeen(ids: Ids = this.getList().notifications.map((item) => item.id)): Promise<Outcome> {
    return this.#act("mark_seen", ids, (item) => item.seen_at === null);
  }

  /** All that is held or older; what comes later stays unread. */
  markAllAsRead(narrow: { type?: string; tags?: string[] } = {}): Promise<Outcome> {
    const isMeant = (item: Notification) =>
      isUnread(item) &&
      (!narrow.type || item.type === narrow.type) &&
      (!narrow.tags?.length || narrow.tags.some((tag) => item.tags.includes(tag)));
    const before = this.#engine.store.sorted[0]?.id;
    const ids = this.#engine.store.sorted.filter(isMeant).map((item) => item.id);
    return this.#engine.outbox.act("mark_all_read", ids, { ...narrow, ...(before && { before }) });
  }

  /** The person's own confirmation, for `requires_acknowledgment`. */
  acknowledge(ids: Ids): Promise<Outcome> {
    return this.#act("acknowledge", ids, (item) => item.acknowledged_at === null);
  }

  /** A link or button of it was followed; counts as reading. */
  clicked(id: string, action?: string): Promise<Outcome> {
    return this.#act("clicked", id, () => true, action ? { action } : {});
  }

  dismiss(ids: Ids): Promise<Outcome> {
    return this.#act("dismiss", ids, (item) => !item.is_dismissed);
  }

  restore(ids: Ids): Promise<Outcome> {
    return this.#act("restore", ids, (item) => item.is_dismissed);
  }

  pin(ids: Ids): Promise<Outcome> {
    return this.#act("pin", ids, (item) => item.pinned_at === null);
  }

  unpin(ids: Ids): Promise<Outcome> {
    return this.#act("unpin", ids, (item) => item.pinned_at !== null);
  }

  snooze(ids: Ids, when: Snooze): Promise<Outcome> {
    const { until, forS = NaN } = { ...when } as { until?: string | Date; forS?: number };
    const at = new Date(until ?? Date.now() + forS * 1000);
    const isAhead = at.getTime() > Date.now();
    if (!isAhead) return this.#invalid("snooze", "snooze needs { until } or { forS }, and a time ahead");
    return this.#act("snooze", ids, () => true, { until: at.toISOString() });
  }

  /** Takes it out of the list for good. */
  remove(ids: Ids): Promise<Outcome> {
    return this.#act("delete", ids, () => true);
  }

  /** Switches types on or off. */
  setSubscribed(types: Ids, isOn: boolean): Promise<Outcome> {
    return this.#engine.outbox.act(isOn ? "subscribe" : "unsubscribe", [], {
      types: [types].flat() as string[],
    });
  }

  /** What the server would refuse too. */
  #invalid(verb: Verb, message: string): Promise<Outcome> {
    return this.#engine.outbox.refuse(verb, { code: "INVALID", message });
  }

  /** What already is so is not sent; what is not held is. */
  #act(verb: Verb, ids: Ids, isNeeded: (item: Notification) => boolean, detail: RowDetail = {}) {
    const all = [ids].flat() as string[];
    const areIds = all.every((id) => typeof id === "string" && id !== "");
    if (!areIds) return this.#invalid(verb, "ids must be texts, one or many");
    const needed = all.filter((id) => {
      const item = this.#engine.store.shown.get(id);
      return item === undefined || isNeeded(item);
    });
    return this.#engine.outbox.act(verb, needed, detail);
  }
}

/**
 * A client for one user; `start` it.
 *
 * @throws TypeError that says which option is wrong, and what to give.
 */
export function createNotifyClient(options: ClientOptions): NotifyClient {
  return new NotifyClient(options);
}
