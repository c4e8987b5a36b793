/** What the server says: notifications, counts, states; and catching up with it after every connection. */
import type { ServerPayloads, Subscriptions } from "../generated/wire";
import type { Api } from "./api";
import { KEPT } from "./cache";
import { clashesOf } from "./clashes";
import { jittered, type Connection } from "./connection";
import type { Emitter } from "./emitter";
import { isUnread, merged } from "./item";
import type { Keeper } from "./keeper";
import type { List, Lists } from "./lists";
import type { Outbox } from "./outbox";
import type { Pages } from "./pages";
import type { Store, Verdict } from "./store";
import type { Tabs } from "./tabs";
import type { NotifySocket } from "./types";
import type { Events } from "./view";

/** A list that could not be fetched is tried again after up to this many doublings of the delay. */
const FETCH_AGAIN = 4;
const FETCH_AGAIN_MAX_MS = 10_000;
/** So many notifications that were acted on are compared one by one. */
const COMPARED = 50;

/** What it feeds: the engine. */
export interface Fed {
  readonly store: Store;
  readonly lists: Lists;
  readonly keeper: Keeper;
  readonly outbox: Outbox;
  readonly pages: Pages;
  readonly connection: Connection;
  readonly api: Api;
  readonly events: Emitter<Events>;
  readonly tabs: Tabs | null;
  readonly tab: string;
  readonly typesWatchers: number;
  changed(): void;
  changedSoon(): void;
  fetchTypes(): Promise<void>;
  /** Takes over what tabs that are gone have left to send. */
  adopt(): Promise<void>;
}

export class Feed {
  /** Everything that was missed is here. */
  isCurrent = false;
  /** How many counts the server has sent. */
  countsSeen = 0;
  readonly #client: Fed;
  #hadCursor = false;

  constructor(client: Fed) {
    this.#client = client;
  }

  /** What is told of this device with every connection. */
  auth(): { cursor: string | null; device_id: string } {
    const cursor = this.#client.keeper.isKeeping ? this.#client.keeper.cursor : null;
    this.#hadCursor = cursor !== null;
    return { cursor, device_id: this.#client.keeper.deviceId };
  }

  listen(socket: NotifySocket): void {
    socket.on("notification", (frame, ack) => this.#received(socket, frame, ack));
    socket.on("notification_count", (count) => {
      this.countsSeen++;
      this.#client.store.counted(count);
      if (this.isCurrent) this.#client.keeper.cursor = count.cursor;
      this.#client.changedSoon();
    });
    socket.on("notification_updated", (updated) => {
      if (!this.isCurrent) this.#watchFor(updated);
      this.#client.store.update(updated);
      if (this.#client.store.lacks(updated)) void this.fetchTop(this.#client.lists.main);
      this.#client.changedSoon();
    });
    socket.on("notification_removed", ({ ids }) => {
      this.#client.store.remove(ids);
      this.#client.changedSoon();
    });
    socket.on("subscriptions_updated", ({ types }) => {
      const before = this.#client.store.serverTypes;
      const isBack = (name: string) => types[name]?.subscribed && before?.[name]?.subscribed !== true;
      this.subscribed(types, Object.keys(types).some(isBack));
      this.#client.changedSoon();
    });
    socket.on("replay_done", (done) => this.#caughtUp(done));
  }

  /** Keeps it, tells the person if it is news, and acknowledges once it is kept. */
  #received(socket: NotifySocket, frame: ServerPayloads["notification"], ack?: () => void): void {
    if (frame.notification.persist === false) this.#announce(frame, "new");
    else {
      const verdict = this.#client.store.receive(frame);
      if (verdict !== "duplicate") this.#announce(frame, verdict);
      this.#trimmed();
      this.#client.changedSoon();
    }
    const session = socket.id;
    // An acknowledgement belongs to its own session.
    this.#client.keeper.schedule(ack && (() => socket.connected && socket.id === session && ack()));
  }

  #trimmed(): void {
    if (this.#client.store.cut === null) return;
    this.#client.lists.cutAt(this.#client.store.cut);
    this.#client.store.cut = null;
  }

  #announce(frame: ServerPayloads["notification"], kind: Exclude<Verdict, "duplicate">): void {
    const { id, collapse_key, persist } = frame.notification;
    const isKept = persist !== false;
    const item = isKept ? this.#client.store.shown.get(id) : merged(undefined, frame.notification);
    if (item === undefined || (isKept && kind !== "reminder" && !isUnread(item))) return;
    const claim = [id, item.revision, item.sort_at, frame.reminder ?? 0, isKept].join(" ");
    const announcement = {
      key: isKept ? id : (collapse_key ?? id),
      notification: item,
      kind,
      isReplayed: frame.replayed === true,
    };
    void this.#client.tabs
      ?.claim(claim)
      .then((isOurs) => isOurs && this.#client.events.emit("announce", announcement));
  }

  #caughtUp({ recovered, cursor }: ServerPayloads["replay_done"]): void {
    const isFirst = !this.isCurrent;
    const isWhole = recovered && !(isFirst && !this.#hadCursor);
    this.isCurrent = true;
    if (!isWhole) {
      this.#client.lists.reset();
      this.#client.keeper.isStale = true;
    }
    this.#client.keeper.cursor = cursor;
    this.#client.store.dirt.isMeta = true;
    void this.#resume(isWhole);
    this.#client.changed();
  }

  /**
   * Takes the subscriptions.
   *
   * @param isBack a type is on again: what came while it was off is in the list, and was not told here.
   */
  subscribed(types: Subscriptions["types"], isBack: boolean): void {
    this.#client.store.setTypes(types);
    if (!this.isCurrent || !isBack) return;
    this.#client.lists.reset();
    this.#fetchStale();
  }

  #fetchStale(): void {
    for (const list of this.#client.lists.watched) if (list.isStale) void this.fetchTop(list);
  }

  /** Fetches what was missed; then what was done meanwhile may go out. */
  async #resume(isWhole: boolean): Promise<void> {
    const session = this.#client.connection.socket?.id;
    if (!isWhole) await this.#compare();
    this.#fetchStale();
    if (this.#client.typesWatchers > 0) void this.#client.fetchTypes();
    await this.#client.adopt();
    if (this.isCurrent && this.#client.connection.socket?.id === session) this.#client.outbox.open();
  }

  /** No replay told what became of the notifications that were acted on: they are asked for. */
  async #compare(): Promise<void> {
    const ids = new Set(
      this.#client.store.rows.flatMap((row) => row.ids).filter((id) => this.#client.store.base.has(id)),
    );
    try {
      for (const id of [...ids].slice(0, COMPARED)) {
        const found = await this.#client.api.notification(id);
        if (found === null) continue; // sending tells
        this.#watchFor({ ids: [id], changes: found });
      }
    } catch (error) {
      this.#client.events.emit("fault", "Changes made elsewhere could not be fetched", error);
    }
  }

  /** What was changed elsewhere wins over what was done here meanwhile. */
  #watchFor(updated: ServerPayloads["notification_updated"]): void {
    this.#client.outbox.yieldTo(
      clashesOf(this.#client.store.rows, this.#client.store.base, updated, this.#client.tab),
    );
  }

  async fetchTop(list: List): Promise<void> {
    await this.#client.pages.fetchTop(list);
    if (list.isStale && list.error !== null) this.#fetchLater(list);
    if (list === this.#client.lists.main && !list.isStale) {
      // The cache has room for more than one page.
      if (this.#client.keeper.isKeeping && this.#client.lists.state({}).notifications.length < KEPT) {
        await this.#client.pages.fetchMore(list);
      }
      this.#client.keeper.isStale = false;
      this.#client.store.dirt.isMeta = true;
      this.#client.keeper.schedule();
    }
  }

  /** What hindered it may pass, a rate limit above all. */
  #fetchLater(list: List): void {
    const wait = jittered(FETCH_AGAIN, FETCH_AGAIN_MAX_MS);
    setTimeout(() => {
      const isWanted = this.isCurrent && list.isStale && this.#client.lists.watched.includes(list);
      if (isWanted) void this.fetchTop(list);
    }, wait);
  }
}
