/**
 * Joins socket, store, cache, outbox and tabs. `client.ts` is its outside.
 */
import type { Notification } from "../generated/wire";
import { Api } from "./api";
import type { Kept } from "./cache";
import { Connection, unconnected, USER_MISMATCH } from "./connection";
import { Emitter } from "./emitter";
import { Feed, type Fed } from "./feed";
import { Keeper } from "./keeper";
import { Lists } from "./lists";
import { makeKey, Outbox } from "./outbox";
import { Pages } from "./pages";
import { Store } from "./store";
import { Tabs, type TabMessage } from "./tabs";
import type { ClientOptions, ConnectionState, Refusal, State } from "./types";
import { AWAY, View, type Events } from "./view";

export class Engine implements Fed {
  readonly #options: ClientOptions;
  readonly events = new Emitter<Events>();
  readonly store = new Store();
  readonly lists = new Lists(this.store);
  readonly connection: Connection;
  readonly keeper: Keeper;
  readonly outbox: Outbox;
  readonly pages: Pages;
  /** Names one run of this client: what an earlier one left to send is taken over. */
  tab = "";
  tabs: Tabs | null = null;
  readonly api: Api;
  readonly feed = new Feed(this);
  readonly #view: View;
  #connectionState = AWAY;
  #isLoaded = false;
  #isStarted = false;
  /** Counts the starts: what an earlier one awaited is void. */
  #start = 0;
  /** Counts how often everything was forgotten: what was asked for before is not shown after it. */
  #life = 0;
  #stopping: Promise<void> = Promise.resolve();
  /** How many look at the subscriptions. */
  typesWatchers = 0;
  #typesError: Refusal | null = null;
  readonly #faults = new Set<string>();

  constructor(options: ClientOptions) {
    this.#options = options;
    const onFault = this.#fault;
    this.connection = new Connection(options, {
      auth: () => this.feed.auth(),
      onState: (state) => this.#connectionChanged(state),
      onSocket: (socket) => this.feed.listen(socket),
      onWire: (...args) => void this.events.emit("wire", ...args),
      onFault,
    });
    this.outbox = new Outbox(this.#name, this.store, this.connection, () => this.tabs, {
      cache: () => this.keeper.cache,
      hasCache: () => this.keeper.isOpen,
      flush: () => this.keeper.flush(),
      onChange: () => this.changed(),
      onRefused: (verb, ids, refusal) => {
        if (verb === "subscribe" || verb === "unsubscribe") void this.fetchTypes();
        this.events.emit("refused", { verb, ids, ...refusal });
      },
      onTypes: (types, isBack) => this.feed.subscribed(types, isBack),
      onFault,
      countsSeen: () => this.feed.countsSeen,
    });
    const isCached = options.cache ?? true;
    this.keeper = new Keeper(this.#name, isCached, this.store, this.lists, () => this.outbox, {
      onFault,
    });
    this.pages = new Pages(this.store, this.lists, this.connection, () => this.changed());
    this.api = new Api(options, () => this.connection.token);
    this.#view = new View(this.store, this.events, () => ({
      connection: this.#connectionState,
      isLoaded: this.#isLoaded,
      isCurrent: this.feed.isCurrent,
      subscriptionsError: this.#typesError,
    }));
  }

  /** The same object until something changes. */
  get state(): State {
    return this.#view.state;
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
    if (!this.#options.url && !globalThis.location) throw new TypeError("notify-client: url is needed here.");
    this.#isStarted = true;
    this.outbox.isOver = false;
    const start = ++this.#start;
    this.#connectionState = { status: "connecting", reason: null, code: null };
    await this.#stopping;
    if (start !== this.#start) return;
    this.tab = makeKey();
    this.tabs = new Tabs(this.#name, this.tab, (message) => this.#heard(message));
    globalThis.addEventListener?.("pagehide", this.#left);
    const kept = await this.keeper.open();
    if (start !== this.#start) return;
    if (kept !== null) this.#show(kept);
    this.outbox.keepRest();
    this.#isLoaded = true;
    this.changed();
    this.connect();
  }

  /** Lets go of everything; what is kept stays kept. */
  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#start++;
    this.tabs?.hush();
    this.#view.stop();
    globalThis.removeEventListener?.("pagehide", this.#left);
    this.connection.close();
    this.#stopping = this.#close();
    await this.#stopping;
  }

  /** What the cache holds may have grown when it is opened again. */
  async #close(): Promise<void> {
    const isKept = this.keeper.isKeeping;
    await this.outbox.kept();
    this.tabs?.post({ kind: "leaving" });
    this.tabs?.close();
    this.tabs = null;
    await this.keeper.close();
    if (!isKept) return;
    this.outbox.leave();
    this.#forget();
  }

  #forget(): void {
    this.#life++;
    this.store.clear();
    this.lists.clear();
    this.#isLoaded = false;
  }

  /** Connects, or tries again after a refusal. */
  connect(): void {
    if (this.#isStarted && this.#isLoaded) this.connection.open();
    else if (!this.#isStarted && this.#connectionState.code === USER_MISMATCH) void this.start();
    else if (!this.#isStarted) this.#fault("connect() does nothing before start().", null);
  }

  /** Leaves, as a laptop that is shut would: what is done meanwhile is sent on return. */
  disconnect(): void {
    this.connection.close();
  }

  /** Ends the session in all tabs, and takes away what is kept of this user. */
  async logout(): Promise<void> {
    const tabs = this.tabs ?? new Tabs(this.#name, this.tab, () => undefined);
    tabs.post({ kind: "logout" });
    if (tabs !== this.tabs) tabs.close();
    await this.#loggedOut();
  }

  async #loggedOut(): Promise<void> {
    this.tabs?.hush();
    this.connection.end();
    this.outbox.clear();
    this.outbox.isOver = true;
    this.#forget();
    this.#view.draw();
    await this.keeper.destroy();
    await this.stop();
    this.events.emit("loggedOut");
  }

  /** Somebody else is logged in: what is kept stays kept, and nothing of it is shown. */
  async #hide(state: ConnectionState): Promise<void> {
    await this.stop();
    if (this.#isStarted) return;
    // What could not be kept is not sent either.
    if (this.store.rows.length > 0) this.outbox.clear();
    this.#forget();
    this.#connectionState = state;
    this.#view.draw();
  }

  readonly #left = () => {
    void this.keeper.flush();
    this.tabs?.post({ kind: "leaving" });
  };

  async fetchTypes(): Promise<void> {
    const life = this.#life;
    const { serverTypes } = this.store;
    try {
      const found = await this.api.subscriptions();
      if (life !== this.#life) return;
      // What the socket said of them meanwhile is newer.
      if (found !== null && this.store.serverTypes === serverTypes) this.store.setTypes(found.types);
      this.#typesError = null;
    } catch (error) {
      if (life !== this.#life) return;
      this.#typesError = { code: "NO_ANSWER", message: (error as Error).message };
      this.#fault("The subscriptions could not be fetched", error);
    }
    this.changed();
  }

  /** One that may not be held: fetched where it is not. undefined: there is none. */
  async fetchNotification(id: string): Promise<Notification | undefined> {
    if (!this.store.base.has(id)) {
      if (!this.connection.isConnected) throw unconnected();
      const life = this.#life;
      const found = await this.api.notification(id);
      if (life !== this.#life) return undefined;
      if (found !== null) this.store.listed([found], [], new Set());
      this.changed();
    }
    return this.store.shown.get(id);
  }

  #connectionChanged(state: ConnectionState): void {
    this.#connectionState = state;
    if (state.status !== "connected") {
      this.feed.isCurrent = false;
      this.outbox.close();
    }
    if (state.code === USER_MISMATCH) void this.#hide(state);
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
    else if (message.kind === "leaving" && this.feed.isCurrent) {
      void this.adopt().then(() => this.outbox.drain());
    }
    this.changed();
  }

  /** Takes over what tabs that are gone have left to send. */
  async adopt(): Promise<void> {
    const tabs = this.tabs;
    if (tabs === null || this.store.rows.every((row) => row.tab === this.tab)) return;
    await this.outbox.adopt(this.tab, await tabs.alive());
  }

  // -- Telling ---------------------------------------------------------------------------------

  /** Where nobody listens, the console is told, of each thing once. */
  readonly #fault = (message: string, error: unknown) => {
    if (this.events.emit("fault", message, error) || this.#faults.has(message)) return;
    this.#faults.add(message);
    console.warn(`notify-client: ${message}`, ...(error ? [error] : []));
  };

  changed(): void {
    this.keeper.schedule();
    this.#view.draw();
  }

  changedSoon(): void {
    this.keeper.schedule();
    this.#view.drawSoon();
  }
}
