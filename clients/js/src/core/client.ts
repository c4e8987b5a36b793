/**
 * The client: joins socket, store, cache, outbox and tabs.
 *
 * Making one touches nothing; `start` opens the cache, shows what it holds and connects.
 */
import type { Notification, ServerPayloads, Subscriptions } from "../generated/wire";
import type { Kept } from "./cache";
import { Connection } from "./connection";
import { Emitter } from "./emitter";
import { isUnread, merged } from "./item";
import { Keeper } from "./keeper";
import { Lists } from "./lists";
import { makeKey, Outbox } from "./outbox";
import { Pages } from "./pages";
import type { RowDetail } from "./rows";
import { Store, type Verdict } from "./store";
import { Tabs, type TabMessage } from "./tabs";
import type {
  ClientEvents,
  ClientOptions,
  ConnectionState,
  Filters,
  ListState,
  NotifySocket,
  Outcome,
  State,
  SubscriptionTypes,
  Verb,
} from "./types";

/** One id or many. */
export type Ids = string | readonly string[];
/** When a snoozed one comes back. */
export type Snooze = { until: string | Date } | { forS: number };

const DRAW_AFTER_MS = 16;
const AWAY: ConnectionState = { status: "offline", reason: null, code: null };
const INITIAL: State = {
  connection: AWAY,
  counts: { unread: 0, unseen: 0, more: false },
  isLoaded: false,
  isCurrent: false,
  subscriptions: null,
  pending: 0,
};

/** What a page without a browser renders: nothing is known yet. */
export const SERVER_STATE: State = INITIAL;
export const SERVER_LIST: ListState = {
  notifications: [],
  isLoading: false,
  isLoaded: false,
  hasMore: true,
  error: null,
};

type Events = { change: () => void } & ClientEvents;

export class NotifyClient {
  readonly user: string;
  readonly #options: ClientOptions;
  readonly #events = new Emitter<Events>();
  readonly #store = new Store();
  readonly #lists = new Lists(this.#store);
  readonly #connection: Connection;
  readonly #keeper: Keeper;
  readonly #outbox: Outbox;
  readonly #pages: Pages;
  readonly #tab = makeKey();
  #tabs: Tabs | null = null;
  #state: State = INITIAL;
  #connectionState = AWAY;
  #isLoaded = false;
  #isCurrent = false;
  #isStarted = false;
  /** Counts the starts: what an earlier one awaited is void. */
  #start = 0;
  #counts = 0;
  #hadCursor = false;
  #typesWatchers = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ClientOptions) {
    this.user = options.user;
    this.#options = options;
    const onFault = (message: string, error: unknown) => this.#events.emit("fault", message, error);
    this.#connection = new Connection(options, {
      auth: () => this.#auth(),
      onState: (state) => this.#connectionChanged(state),
      onSocket: (socket) => this.#listen(socket),
      onWire: (...args) => this.#events.emit("wire", ...args),
      onFault,
    });
    this.#outbox = new Outbox(this.#store, this.#connection, () => this.#tabs, {
      cache: () => this.#keeper.cache,
      onChange: () => this.#changed(),
      onRefused: (verb, ids, refusal) => this.#events.emit("refused", { verb, ids, ...refusal }),
      onTypes: (types) => this.#store.setTypes(types),
      onFault,
      countsSeen: () => this.#counts,
    });
    const isCached = options.cache ?? true;
    this.#keeper = new Keeper(this.#name, isCached, this.#store, this.#lists, () => this.#outbox, {
      onFault,
    });
    this.#pages = new Pages(this.#store, this.#lists, this.#connection, () => this.#changed());
  }

  /** Names what belongs to this server, line and user: nobody else's cache or tab answers to it. */
  get #name(): string {
    const { cacheScope, url, path = "/socket.io/", namespace = "/", user } = this.#options;
    const server = cacheScope ?? `${url ?? globalThis.location?.origin ?? ""}${path}`;
    return ["notify-client", server, namespace, user].map(encodeURIComponent).join(":");
  }

  // -- Life ------------------------------------------------------------------------------------

  /** Shows the cache, then connects. Again after `stop`. */
  async start(): Promise<void> {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const start = ++this.#start;
    this.#tabs = new Tabs(this.#name, this.#tab, (message) => this.#heard(message));
    globalThis.addEventListener?.("pagehide", this.#left);
    const kept = await this.#keeper.open();
    if (start !== this.#start) return;
    if (kept !== null && !this.#isLoaded) this.#show(kept);
    this.#isLoaded = true;
    this.#changed();
    this.connect();
  }

  /** Lets go of everything; what is kept stays kept. */
  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#start++;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    globalThis.removeEventListener?.("pagehide", this.#left);
    this.#connection.close();
    this.#tabs?.post({ kind: "leaving" });
    this.#tabs?.close();
    this.#tabs = null;
    await this.#keeper.close();
  }

  /** Connects, or tries again after a refusal. */
  connect(): void {
    if (this.#isStarted) this.#connection.open();
  }

  /** Leaves, as a laptop that is shut would: what is done meanwhile is sent on return. */
  disconnect(): void {
    this.#connection.close();
  }

  /** Ends the session in all tabs, and takes away what is kept of this user. */
  async logout(): Promise<void> {
    this.#tabs?.post({ kind: "logout" });
    await this.#loggedOut();
  }

  async #loggedOut(): Promise<void> {
    this.#connection.close();
    this.#outbox.clear();
    this.#store.clear();
    this.#lists.clear();
    await this.#keeper.destroy();
    await this.stop();
    this.#isLoaded = false;
    this.#draw();
    this.#events.emit("loggedOut");
  }

  readonly #left = () => {
    void this.#keeper.flush();
    this.#tabs?.post({ kind: "leaving" });
  };

  // -- What is shown ---------------------------------------------------------------------------

  /** The same object until something changes. */
  getState(): State {
    return this.#state;
  }

  /** Called after every change; at most once a frame for what comes from the server. */
  subscribe(listener: () => void): () => void {
    return this.#events.on("change", listener);
  }

  /** What a list shows; the same object until that changes. Fetches nothing: `watch` does. */
  getList(filters: Filters = {}): ListState {
    return this.#lists.state(filters);
  }

  /** One that is held, whether or not a list shows it. */
  getNotification(id: string): Notification | undefined {
    return this.#store.shown.get(id);
  }

  /** Whether an action on it has not been answered yet. */
  isPending(id: string): boolean {
    return this.#store.rows.some((row) => row.ids.includes(id));
  }

  /** Keeps a list filled for as long as somebody looks; returns how to stop. */
  watch(filters: Filters = {}): () => void {
    const list = this.#lists.of(filters);
    list.watchers++;
    if (this.#isCurrent && list.isStale) void this.#fetchTop(list);
    let isWatching = true;
    return () => {
      if (isWatching) list.watchers--;
      isWatching = false;
    };
  }

  /** The next older page of a list. */
  async loadMore(filters: Filters = {}): Promise<void> {
    if (this.#isCurrent) await this.#pages.fetchMore(this.#lists.of(filters));
  }

  /** The newest page of a list once more. */
  async refresh(filters: Filters = {}): Promise<void> {
    if (this.#connection.isConnected) await this.#fetchTop(this.#lists.of(filters));
  }

  /** Keeps the subscriptions known for as long as somebody looks; returns how to stop. */
  watchSubscriptions(): () => void {
    this.#typesWatchers++;
    if (this.#isCurrent) void this.#fetchTypes();
    return () => void this.#typesWatchers--;
  }

  on<Event extends keyof ClientEvents>(event: Event, listener: ClientEvents[Event]): () => void {
    return this.#events.on(event, listener as Events[Event]);
  }

  /** The socket itself, for events of your own; null before `start`. */
  get socket(): NotifySocket | null {
    return this.#connection.socket;
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
    const before = this.#store.sorted[0]?.id;
    const ids = this.#store.sorted.filter(isMeant).map((item) => item.id);
    return this.#outbox.act("mark_all_read", ids, { ...narrow, ...(before && { before }) });
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
    const at = "until" in when ? new Date(when.until) : new Date(Date.now() + when.forS * 1000);
    return this.#act("snooze", ids, () => true, { until: at.toISOString() });
  }

  /** Takes it out of the list for good. */
  remove(ids: Ids): Promise<Outcome> {
    return this.#act("delete", ids, () => true);
  }

  /** Switches types on or off. */
  setSubscribed(types: Ids, isOn: boolean): Promise<Outcome> {
    return this.#outbox.act(isOn ? "subscribe" : "unsubscribe", [], { types: [types].flat() as string[] });
  }

  /** What already is so is not sent; what is not held is. */
  #act(verb: Verb, ids: Ids, isNeeded: (item: Notification) => boolean, detail: RowDetail = {}) {
    const needed = ([ids].flat() as string[]).filter((id) => {
      const item = this.#store.shown.get(id);
      return item === undefined || isNeeded(item);
    });
    return this.#outbox.act(verb, needed, detail);
  }

  // -- What comes in ---------------------------------------------------------------------------

  #auth(): { cursor: string | null; device_id: string } {
    const cursor = this.#keeper.isKeeping ? this.#keeper.cursor : null;
    this.#hadCursor = cursor !== null;
    return { cursor, device_id: this.#keeper.deviceId };
  }

  #listen(socket: NotifySocket): void {
    socket.on("notification", (frame, ack) => this.#received(socket, frame, ack));
    socket.on("notification_count", (count) => {
      this.#counts++;
      this.#store.counted(count);
      if (this.#isCurrent) this.#keeper.cursor = count.cursor;
      this.#changedSoon();
    });
    socket.on("notification_updated", (updated) => {
      if (!this.#isCurrent) this.#outbox.yieldTo(this.#store.clashes(updated));
      this.#store.update(updated);
      if (this.#store.lacks(updated)) void this.#fetchTop(this.#lists.main);
      this.#changedSoon();
    });
    socket.on("notification_removed", ({ ids }) => {
      this.#store.remove(ids);
      this.#changedSoon();
    });
    socket.on("subscriptions_updated", ({ types }) => {
      this.#store.setTypes(types);
      this.#changedSoon();
    });
    socket.on("replay_done", (done) => this.#caughtUp(done));
  }

  /** Keeps it, tells the person if it is news, and acknowledges once it is kept. */
  #received(socket: NotifySocket, frame: ServerPayloads["notification"], ack?: () => void): void {
    if (frame.notification.persist === false) this.#announce(frame, "new");
    else {
      const verdict = this.#store.receive(frame);
      if (verdict !== "duplicate") this.#announce(frame, verdict);
      this.#trimmed();
      this.#changedSoon();
    }
    const session = socket.id;
    // An acknowledgement belongs to its own session.
    this.#keeper.schedule(ack && (() => socket.connected && socket.id === session && ack()));
  }

  #trimmed(): void {
    if (this.#store.cut === null) return;
    this.#lists.cutAt(this.#store.cut);
    this.#store.cut = null;
  }

  #announce(frame: ServerPayloads["notification"], kind: Exclude<Verdict, "duplicate">): void {
    const { id, collapse_key, persist } = frame.notification;
    const isKept = persist !== false;
    const item = isKept ? this.#store.shown.get(id) : merged(undefined, frame.notification);
    if (item === undefined || (isKept && kind !== "reminder" && !isUnread(item))) return;
    const claim = [id, item.revision, item.sort_at, frame.reminder ?? 0, isKept].join(" ");
    const announcement = {
      key: isKept ? id : (collapse_key ?? id),
      notification: item,
      kind,
      isReplayed: frame.replayed === true,
    };
    void this.#tabs?.claim(claim).then((isOurs) => isOurs && this.#events.emit("announce", announcement));
  }

  #caughtUp({ recovered, cursor }: ServerPayloads["replay_done"]): void {
    const isFirst = !this.#isCurrent;
    this.#isCurrent = true;
    if (!recovered || (isFirst && !this.#hadCursor)) {
      this.#lists.reset();
      this.#keeper.isStale = true;
    }
    this.#keeper.cursor = cursor;
    this.#store.dirt.isMeta = true;
    for (const list of this.#lists.watched) if (list.isStale) void this.#fetchTop(list);
    if (this.#typesWatchers > 0) void this.#fetchTypes();
    void this.#adopt().then(() => this.#isCurrent && this.#outbox.open());
    this.#changed();
  }

  async #fetchTop(list: ReturnType<Lists["of"]>): Promise<void> {
    await this.#pages.fetchTop(list);
    if (list === this.#lists.main && !list.isStale) {
      this.#keeper.isStale = false;
      this.#store.dirt.isMeta = true;
      this.#keeper.schedule();
    }
  }

  async #fetchTypes(): Promise<void> {
    const { url = location.origin, apiPath = "/api/v1" } = this.#options;
    try {
      const response = await fetch(`${url.replace(/\/+$/, "")}${apiPath}/subscriptions`, {
        headers: { Authorization: `Bearer ${this.#connection.token}` },
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      this.#store.setTypes(((await response.json()) as Subscriptions).types);
      this.#changed();
    } catch (error) {
      this.#events.emit("fault", "The subscriptions could not be fetched", error);
    }
  }

  #connectionChanged(state: ConnectionState): void {
    this.#connectionState = state;
    if (state.status !== "connected") {
      this.#isCurrent = false;
      this.#outbox.close();
    }
    this.#changed();
  }

  // -- Other tabs, and what was kept -----------------------------------------------------------

  #show({ items, meta, rows }: Kept): void {
    if (meta !== undefined) {
      this.#store.load(items, meta);
      const { main } = this.#lists;
      main.floor = meta.floor;
      main.isComplete = meta.isComplete;
      main.isStale = meta.isStale || meta.cursor === null || (meta.floor === null && !meta.isComplete);
    }
    for (const row of rows) this.#heard({ kind: "row", row });
  }

  #heard(message: TabMessage): void {
    if (message.kind === "row") {
      if (!this.#store.rows.some((row) => row.key === message.row.key)) this.#store.addRow(message.row);
    } else if (message.kind === "settled") {
      this.#outbox.settle(message.key, message.isOk, message.unknown, true);
    } else if (message.kind === "logout") void this.#loggedOut();
    else if (message.kind === "leaving" && this.#isCurrent) {
      void this.#adopt().then(() => this.#outbox.drain());
    }
    this.#changed();
  }

  /** Takes over what tabs that are gone have left to send. */
  async #adopt(): Promise<void> {
    const foreign = () => this.#store.rows.filter((row) => row.tab !== this.#tab);
    const [tabs, cache] = [this.#tabs, await this.#keeper.cache];
    if (foreign().length === 0 || tabs === null || cache === null) return;
    const alive = await tabs.alive();
    try {
      this.#outbox.adopt(await cache.adopt(this.#tab, alive));
    } catch (error) {
      this.#events.emit("fault", "Actions of another tab could not be taken over", error);
    }
    const isOurs = new Set(this.#outbox.keys);
    for (const row of foreign()) {
      if (!alive.has(row.tab) && !isOurs.has(row.key)) this.#store.dropRow(row.key);
    }
  }

  // -- Telling ---------------------------------------------------------------------------------

  #changed(): void {
    this.#keeper.schedule();
    this.#draw();
  }

  /** Many frames come at once: they are told together. */
  #changedSoon(): void {
    this.#keeper.schedule();
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_AFTER_MS);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#state = this.#next();
    this.#events.emit("change");
  }

  #next(): State {
    const { unread, unseen, more } = this.#store.counts;
    const { counts } = this.#state;
    const isSame = counts.unread === unread && counts.unseen === unseen && counts.more === more;
    return {
      connection: this.#connectionState,
      counts: isSame ? counts : { unread, unseen, more },
      isLoaded: this.#isLoaded,
      isCurrent: this.#isCurrent,
      subscriptions: this.#types(),
      pending: this.#store.rows.length,
    };
  }

  #types(): SubscriptionTypes | null {
    const next = this.#store.types;
    const before = this.#state.subscriptions;
    return JSON.stringify(next) === JSON.stringify(before) ? before : next;
  }
}

/** A client for one user; `start` it. */
export function createNotifyClient(options: ClientOptions): NotifyClient {
  return new NotifyClient(options);
}
