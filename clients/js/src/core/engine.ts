/**
 * Joins socket, store, cache, outbox and tabs. `client.ts` is its outside.
 */
import type { Notification, ServerPayloads, Subscriptions } from "../generated/wire";
import { KEPT, type Kept } from "./cache";
import { clashesOf } from "./clashes";
import { Connection, jittered } from "./connection";
import { Emitter } from "./emitter";
import { isUnread, merged } from "./item";
import { Keeper } from "./keeper";
import { Lists, type List } from "./lists";
import { makeKey, Outbox } from "./outbox";
import { Pages } from "./pages";
import { Store, type Verdict } from "./store";
import { Tabs, type TabMessage } from "./tabs";
import type {
  ClientEvents,
  ClientOptions,
  ConnectionState,
  ListState,
  NotifySocket,
  Refusal,
  State,
  SubscriptionTypes,
} from "./types";

const DRAW_AFTER_MS = 16;
const GUESS_MS = 2_000;
/** A list that could not be fetched is tried again after up to this many doublings of the delay. */
const FETCH_AGAIN = 4;
const FETCH_AGAIN_MAX_MS = 10_000;
/** So many notifications that were acted on are compared one by one. */
const COMPARED = 50;
const AWAY: ConnectionState = { status: "offline", reason: null, code: null };
const INITIAL: State = {
  connection: AWAY,
  counts: { unread: 0, unseen: 0, more: false },
  isLoaded: false,
  isCurrent: false,
  subscriptions: null,
  subscriptionsError: null,
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

export type Events = { change: () => void } & ClientEvents;

export class Engine {
  readonly #options: ClientOptions;
  readonly events = new Emitter<Events>();
  readonly store = new Store();
  readonly lists = new Lists(this.store);
  readonly connection: Connection;
  readonly keeper: Keeper;
  readonly outbox: Outbox;
  readonly pages: Pages;
  /** Names one run of this client: what an earlier one left to send is taken over. */
  #tab = makeKey();
  #tabs: Tabs | null = null;
  state: State = INITIAL;
  #connectionState = AWAY;
  #isLoaded = false;
  isCurrent = false;
  #isStarted = false;
  /** Counts the starts: what an earlier one awaited is void. */
  #start = 0;
  #stopping: Promise<void> = Promise.resolve();
  #counts = 0;
  #hadCursor = false;
  typesWatchers = 0;
  #typesError: Refusal | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #guessTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    const onFault = (message: string, error: unknown) => this.events.emit("fault", message, error);
    this.connection = new Connection(options, {
      auth: () => this.#auth(),
      onState: (state) => this.#connectionChanged(state),
      onSocket: (socket) => this.#listen(socket),
      onWire: (...args) => this.events.emit("wire", ...args),
      onFault,
    });
    this.outbox = new Outbox(this.#name, this.store, this.connection, () => this.#tabs, {
      cache: () => this.keeper.cache,
      hasCache: () => this.keeper.isOpen,
      flush: () => this.keeper.flush(),
      onChange: () => this.changed(),
      onRefused: (verb, ids, refusal) => {
        if (verb === "subscribe" || verb === "unsubscribe") void this.fetchTypes();
        this.events.emit("refused", { verb, ids, ...refusal });
      },
      onTypes: (types) => this.store.setTypes(types),
      onFault,
      countsSeen: () => this.#counts,
    });
    const isCached = options.cache ?? true;
    this.keeper = new Keeper(this.#name, isCached, this.store, this.lists, () => this.outbox, {
      onFault,
    });
    this.pages = new Pages(this.store, this.lists, this.connection, () => this.changed());
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
    this.#connectionState = { status: "connecting", reason: null, code: null };
    await this.#stopping;
    if (start !== this.#start) return;
    this.#tab = makeKey();
    this.#tabs = new Tabs(this.#name, this.#tab, (message) => this.#heard(message));
    globalThis.addEventListener?.("pagehide", this.#left);
    const kept = await this.keeper.open();
    if (start !== this.#start) return;
    if (kept !== null) this.#show(kept);
    this.#isLoaded = true;
    this.changed();
    this.connect();
  }

  /** Lets go of everything; what is kept stays kept. */
  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#start++;
    clearTimeout(this.#timer);
    clearTimeout(this.#guessTimer);
    this.#timer = this.#guessTimer = undefined;
    globalThis.removeEventListener?.("pagehide", this.#left);
    this.connection.close();
    this.#stopping = this.#close();
    await this.#stopping;
  }

  /** What the cache holds may have grown when it is opened again. */
  async #close(): Promise<void> {
    const isKept = this.keeper.isKeeping;
    await this.outbox.kept();
    this.#tabs?.post({ kind: "leaving" });
    this.#tabs?.close();
    this.#tabs = null;
    await this.keeper.close();
    if (!isKept) return;
    this.outbox.leave();
    this.#forget();
  }

  #forget(): void {
    this.store.clear();
    this.lists.clear();
    this.#isLoaded = false;
  }

  /** Connects, or tries again after a refusal. */
  connect(): void {
    if (this.#isStarted && this.#isLoaded) this.connection.open();
  }

  /** Leaves, as a laptop that is shut would: what is done meanwhile is sent on return. */
  disconnect(): void {
    this.connection.close();
  }

  /** Ends the session in all tabs, and takes away what is kept of this user. */
  async logout(): Promise<void> {
    const tabs = this.#tabs ?? new Tabs(this.#name, this.#tab, () => undefined);
    tabs.post({ kind: "logout" });
    if (tabs !== this.#tabs) tabs.close();
    await this.#loggedOut();
  }

  async #loggedOut(): Promise<void> {
    this.connection.close();
    this.outbox.clear();
    this.#forget();
    this.#draw();
    await this.keeper.destroy();
    await this.stop();
    this.events.emit("loggedOut");
  }

  readonly #left = () => {
    void this.keeper.flush();
    this.#tabs?.post({ kind: "leaving" });
  };

  // -- What comes in ---------------------------------------------------------------------------

  #auth(): { cursor: string | null; device_id: string } {
    const cursor = this.keeper.isKeeping ? this.keeper.cursor : null;
    this.#hadCursor = cursor !== null;
    return { cursor, device_id: this.keeper.deviceId };
  }

  #listen(socket: NotifySocket): void {
    socket.on("notification", (frame, ack) => this.#received(socket, frame, ack));
    socket.on("notification_count", (count) => {
      this.#counts++;
      this.store.counted(count);
      if (this.isCurrent) this.keeper.cursor = count.cursor;
      this.#changedSoon();
    });
    socket.on("notification_updated", (updated) => {
      if (!this.isCurrent) this.#watchFor(updated);
      this.store.update(updated);
      if (this.store.lacks(updated)) void this.fetchTop(this.lists.main);
      this.#changedSoon();
    });
    socket.on("notification_removed", ({ ids }) => {
      this.store.remove(ids);
      this.#changedSoon();
    });
    socket.on("subscriptions_updated", ({ types }) => {
      this.store.setTypes(types);
      this.#changedSoon();
    });
    socket.on("replay_done", (done) => this.#caughtUp(done));
  }

  /** Keeps it, tells the person if it is news, and acknowledges once it is kept. */
  #received(socket: NotifySocket, frame: ServerPayloads["notification"], ack?: () => void): void {
    if (frame.notification.persist === false) this.#announce(frame, "new");
    else {
      const verdict = this.store.receive(frame);
      if (verdict !== "duplicate") this.#announce(frame, verdict);
      this.#trimmed();
      this.#changedSoon();
    }
    const session = socket.id;
    // An acknowledgement belongs to its own session.
    this.keeper.schedule(ack && (() => socket.connected && socket.id === session && ack()));
  }

  #trimmed(): void {
    if (this.store.cut === null) return;
    this.lists.cutAt(this.store.cut);
    this.store.cut = null;
  }

  #announce(frame: ServerPayloads["notification"], kind: Exclude<Verdict, "duplicate">): void {
    const { id, collapse_key, persist } = frame.notification;
    const isKept = persist !== false;
    const item = isKept ? this.store.shown.get(id) : merged(undefined, frame.notification);
    if (item === undefined || (isKept && kind !== "reminder" && !isUnread(item))) return;
    const claim = [id, item.revision, item.sort_at, frame.reminder ?? 0, isKept].join(" ");
    const announcement = {
      key: isKept ? id : (collapse_key ?? id),
      notification: item,
      kind,
      isReplayed: frame.replayed === true,
    };
    void this.#tabs?.claim(claim).then((isOurs) => isOurs && this.events.emit("announce", announcement));
  }

  #caughtUp({ recovered, cursor }: ServerPayloads["replay_done"]): void {
    const isFirst = !this.isCurrent;
    const isWhole = recovered && !(isFirst && !this.#hadCursor);
    this.isCurrent = true;
    if (!isWhole) {
      this.lists.reset();
      this.keeper.isStale = true;
    }
    this.keeper.cursor = cursor;
    this.store.dirt.isMeta = true;
    void this.#resume(isWhole);
    this.changed();
  }

  /** Fetches what was missed; then what was done meanwhile may go out. */
  async #resume(isWhole: boolean): Promise<void> {
    const session = this.connection.socket?.id;
    if (!isWhole) await this.#compare();
    for (const list of this.lists.watched) if (list.isStale) void this.fetchTop(list);
    if (this.typesWatchers > 0) void this.fetchTypes();
    await this.#adopt();
    if (this.isCurrent && this.connection.socket?.id === session) this.outbox.open();
  }

  /** No replay told what became of the notifications that were acted on: they are asked for. */
  async #compare(): Promise<void> {
    const ids = new Set(this.store.rows.flatMap((row) => row.ids).filter((id) => this.store.base.has(id)));
    try {
      for (const id of [...ids].slice(0, COMPARED)) {
        const found = await this.#fetchOne(id);
        if (found === null) continue; // sending tells
        this.#watchFor({ ids: [id], changes: found });
      }
    } catch (error) {
      this.events.emit("fault", "Changes made elsewhere could not be fetched", error);
    }
  }

  /** What was changed elsewhere wins over what was done here meanwhile. */
  #watchFor(updated: ServerPayloads["notification_updated"]): void {
    this.outbox.yieldTo(clashesOf(this.store.rows, this.store.base, updated, this.#tab));
  }

  #fetchOne(id: string): Promise<Notification | null> {
    return this.api<Notification>(`/notifications/${encodeURIComponent(id)}`);
  }

  /** One that may not be held: fetched where it is not. undefined: there is none. */
  async fetchNotification(id: string): Promise<Notification | undefined> {
    if (!this.store.base.has(id) && this.connection.isConnected) {
      const found = await this.#fetchOne(id);
      if (found !== null) this.store.listed([found], [], new Set());
      this.changed();
    }
    return this.store.shown.get(id);
  }

  async fetchTop(list: List): Promise<void> {
    await this.pages.fetchTop(list);
    if (list.isStale && list.error !== null) this.#fetchLater(list);
    if (list === this.lists.main && !list.isStale) {
      // The cache has room for more than one page.
      if (this.keeper.isKeeping && this.lists.state({}).notifications.length < KEPT) {
        await this.pages.fetchMore(list);
      }
      this.keeper.isStale = false;
      this.store.dirt.isMeta = true;
      this.keeper.schedule();
    }
  }

  /** What hindered it may pass, a rate limit above all. */
  #fetchLater(list: List): void {
    const wait = jittered(FETCH_AGAIN, FETCH_AGAIN_MAX_MS);
    setTimeout(() => {
      const isWanted = this.isCurrent && list.isStale && this.lists.watched.includes(list);
      if (isWanted) void this.fetchTop(list);
    }, wait);
  }

  async fetchTypes(): Promise<void> {
    try {
      const found = await this.api<Subscriptions>("/subscriptions");
      if (found !== null) this.store.setTypes(found.types);
      this.#typesError = null;
    } catch (error) {
      this.#typesError = { code: "NO_ANSWER", message: (error as Error).message };
      this.events.emit("fault", "The subscriptions could not be fetched", error);
    }
    this.changed();
  }

  /** Asks over HTTP; null: there is no such thing. */
  async api<T>(path: string): Promise<T | null> {
    const { url = location.origin, apiPath = "/api/v1" } = this.#options;
    const response = await fetch(`${url.replace(/\/+$/, "")}${apiPath}${path}`, {
      headers: { Authorization: `Bearer ${this.connection.token}` },
    });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return (await response.json()) as T;
  }

  #connectionChanged(state: ConnectionState): void {
    this.#connectionState = state;
    if (state.status !== "connected") {
      this.isCurrent = false;
      this.outbox.close();
    }
    this.changed();
  }

  // -- Other tabs, and what was kept -----------------------------------------------------------

  #show({ items, meta, rows }: Kept): void {
    if (meta !== undefined) {
      this.store.load(items, meta);
      const { main } = this.lists;
      main.floor = meta.floor;
      main.isComplete = meta.isComplete;
      main.isStale = meta.isStale || meta.cursor === null || (meta.floor === null && !meta.isComplete);
    }
    for (const row of rows) this.outbox.heard(row);
  }

  #heard(message: TabMessage): void {
    if (message.kind === "row") this.outbox.heard(message.row);
    else if (message.kind === "settled") this.outbox.heardEnd(message);
    else if (message.kind === "yielded") this.outbox.heardYield(message.key, message.ids, message.isTold);
    else if (message.kind === "logout") void this.#loggedOut();
    else if (message.kind === "leaving" && this.isCurrent) {
      void this.#adopt().then(() => this.outbox.drain());
    }
    this.changed();
  }

  /** Takes over what tabs that are gone have left to send. */
  async #adopt(): Promise<void> {
    const tabs = this.#tabs;
    if (tabs === null || this.store.rows.every((row) => row.tab === this.#tab)) return;
    await this.outbox.adopt(this.#tab, await tabs.alive());
  }

  // -- Telling ---------------------------------------------------------------------------------

  changed(): void {
    this.keeper.schedule();
    this.#draw();
  }

  /** Many frames come at once: they are told together. */
  #changedSoon(): void {
    this.keeper.schedule();
    this.#timer ??= setTimeout(() => this.#draw(), DRAW_AFTER_MS);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#limitGuess();
    this.state = this.#next();
    this.events.emit("change");
  }

  /** The server counts within a fraction of a second; a guess never outlives that. */
  #limitGuess(): void {
    if (!this.store.isGuessing || this.#guessTimer !== undefined) return;
    this.#guessTimer = setTimeout(() => {
      this.#guessTimer = undefined;
      if (!this.isCurrent) return;
      this.store.endGuess();
      this.#draw();
    }, GUESS_MS);
  }

  #next(): State {
    const { unread, unseen, more } = this.store.counts;
    const { counts } = this.state;
    const isSame = counts.unread === unread && counts.unseen === unseen && counts.more === more;
    return {
      connection: this.#connectionState,
      counts: isSame ? counts : { unread, unseen, more },
      isLoaded: this.#isLoaded,
      isCurrent: this.isCurrent,
      subscriptions: this.#types(),
      subscriptionsError: this.#typesError,
      pending: this.store.rows.length,
    };
  }

  #types(): SubscriptionTypes | null {
    const next = this.store.types;
    const before = this.state.subscriptions;
    return JSON.stringify(next) === JSON.stringify(before) ? before : next;
  }
}
