/** Keeps the store in the cache: items and cursor in one write, acknowledgements after it. */
import { Cache, KEPT, type Kept, type Meta, type Writing } from "./cache";
import type { Notification } from "../generated/wire";
import { byPlace, type Place } from "./item";
import type { Lists } from "./lists";
import { makeKey, type Outbox } from "./outbox";
import type { Store } from "./store";

const SAVE_AFTER_MS = 25;
/** A database that does not open (another tab holds an upgrade up) must not hold the bell up. */
const OPEN_WITHIN_MS = 2_000;

export interface KeeperHooks {
  onFault: (message: string, error: unknown) => void;
}

export class Keeper {
  /** Up to where what is held is complete. */
  cursor: string | null = null;
  /** Something was skipped, so the list must be fetched before the cursor covers it. */
  isStale = false;
  /** Made at the first opening: a page that is rendered ahead must hold nothing random. */
  deviceId = "";
  readonly #name: string;
  /** Tells this writer from others of the same database. */
  #writer = "";
  readonly #isWanted: boolean;
  readonly #store: Store;
  readonly #lists: Lists;
  readonly #outbox: () => Outbox;
  readonly #hooks: KeeperHooks;
  #opened: Promise<Cache | null> | null = null;
  #cache: Cache | null = null;
  /** There was no room: only actions are kept. */
  #isFull = false;
  /** Ids that the cache holds. */
  #stored = new Set<string>();
  #acks: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(
    name: string,
    isWanted: boolean,
    store: Store,
    lists: Lists,
    outbox: () => Outbox,
    hooks: KeeperHooks,
  ) {
    this.#name = name;
    this.#isWanted = isWanted && hasStorage();
    this.#store = store;
    this.#lists = lists;
    this.#outbox = outbox;
    this.#hooks = hooks;
  }

  /** Whether a cursor may be used at all. */
  get isKeeping(): boolean {
    return this.#cache !== null && !this.#isFull;
  }

  /** Whether anything can be kept right now. */
  get isOpen(): boolean {
    return this.#cache !== null;
  }

  /** The open cache; null: there is none. */
  get cache(): Promise<Cache | null> {
    return this.#opened ?? Promise.resolve(null);
  }

  /** Opens the cache and returns what it holds; null: nothing. */
  async open(): Promise<Kept | null> {
    this.deviceId ||= makeKey();
    this.#writer ||= makeKey();
    if (!this.#isWanted) return null;
    this.#isFull = false;
    this.#opened ??= this.#open();
    const cache = await this.#opened;
    try {
      const kept = (await cache?.load()) ?? null;
      if (kept !== null) this.#taken(kept);
      return kept;
    } catch (error) {
      this.#lose("The cache could not be read", error);
      return null;
    }
  }

  async #open(): Promise<Cache | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("it did not open in time")), OPEN_WITHIN_MS);
    });
    const opening = Cache.open(this.#name, () => this.#lose("The cache was taken away", null));
    try {
      return (this.#cache = await Promise.race([opening, late]));
    } catch (error) {
      opening.then((cache) => cache.close()).catch(() => undefined); // told below
      this.#hooks.onFault("There is no cache", error);
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  #taken({ items, meta }: Kept): void {
    this.#stored = new Set(items.map((item) => item.id));
    if (meta === undefined) return;
    this.cursor = meta.cursor;
    this.isStale = meta.isStale;
    this.deviceId = meta.deviceId;
  }

  #lose(message: string, error: unknown): void {
    this.#cache?.close();
    this.#cache = null;
    this.#opened = null;
    this.cursor = null;
    this.#hooks.onFault(message, error);
  }

  /** Something changed, or waits to be acknowledged once it is kept. */
  schedule(ack?: () => void): void {
    if (ack !== undefined) this.#acks.push(ack);
    const isHidden = typeof document !== "undefined" && document.visibilityState === "hidden";
    this.#timer ??= setTimeout(() => void this.flush(), isHidden ? 0 : SAVE_AFTER_MS);
  }

  /** Writes what changed; one write after the other. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#saving = this.#saving.then(() => this.#save()));
  }

  async #save(): Promise<void> {
    const acks = this.#acks.splice(0);
    const outbox = this.#outbox();
    const { dirt } = this.#store;
    const doneRows = outbox.done.splice(0);
    const isDirty = dirt.items.size > 0 || dirt.isMeta || doneRows.length > 0;
    if (this.#cache !== null && isDirty) await this.#write(this.#cache, doneRows);
    for (const ack of acks) ack();
  }

  async #write(cache: Cache, doneRows: string[]): Promise<void> {
    if (this.#isFull && doneRows.length === 0) return;
    try {
      if (!this.#isFull) return await cache.save(this.#writing(doneRows));
    } catch (error) {
      this.#isFull = true;
      this.cursor = null;
      this.#hooks.onFault("The cache could not be written", error);
    }
    try {
      await cache.giveUp(doneRows);
    } catch (error) {
      this.#lose("The cache could not be given up", error);
    }
  }

  /** What is to be written, as it stands at this moment. */
  #writing(doneRows: string[]): Writing {
    const { dirt, base } = this.#store;
    this.#store.dirt = { items: new Set(), isMeta: false };
    const kept = this.#toKeep();
    const items = (ids: Iterable<string>) => Array.from(ids, (id) => base.get(id)!);
    const puts = items([...kept].filter((id) => dirt.items.has(id) || !this.#stored.has(id)));
    const deletes = [...this.#stored].filter((id) => !kept.has(id));
    this.#stored = kept;
    return { puts, deletes, all: items(kept), doneRows, meta: this.#meta(kept) };
  }

  /** The newest, what is pinned, and what actions on their way may yet give back. */
  #toKeep(): Set<string> {
    const { sorted, base, rows } = this.#store;
    const newest = [...sorted.slice(0, KEPT), ...this.#deleted().slice(0, KEPT)];
    const kept = new Set(newest.map((item) => item.id));
    for (const item of base.values()) if (item.pinned_at !== null) kept.add(item.id);
    // Only what is there stays: an action may mean thousands that never were.
    for (const row of rows) for (const id of row.ids) if (this.#stored.has(id)) kept.add(id);
    return new Set([...kept].filter((id) => base.has(id)));
  }

  /** What the server still has and is shown no longer, newest first. */
  #deleted(): Notification[] {
    const { base, rows } = this.#store;
    const ids = rows.flatMap((row) => (row.verb === "delete" ? row.ids : []));
    return ids.flatMap((id) => base.get(id) ?? []).sort(byPlace);
  }

  #meta(kept: ReadonlySet<string>): Meta {
    const { main } = this.#lists;
    const isAll = main.isComplete && kept.size === this.#store.base.size;
    return {
      writer: this.#writer,
      deviceId: this.deviceId,
      cursor: this.cursor,
      isStale: this.isStale,
      floor: isAll ? null : this.#floor(),
      isComplete: isAll,
      counts: this.#store.keptCounts,
      gone: [...this.#store.gone],
      types: this.#store.serverTypes,
    };
  }

  /** The highest of where the list has gaps and where the cache ends. */
  #floor(): Place | null {
    const { floor, isComplete } = this.#lists.main;
    if (floor === null && !isComplete) return null;
    const ends = [this.#store.sorted, this.#deleted()]
      .filter((items) => items.length > KEPT)
      .map((items) => items[KEPT - 1]!);
    const places = isComplete || floor === null ? ends : [...ends, floor];
    const highest = places.sort(byPlace)[0];
    return highest ? { id: highest.id, sort_at: highest.sort_at } : floor;
  }

  /** Lets go; what is kept stays. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) await this.flush();
    await this.#saving;
    (await this.cache)?.close();
    this.#cache = null;
    this.#opened = null;
  }

  /** Takes everything away that is kept of this user, whether or not it is open here. */
  async destroy(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#acks = [];
    this.cursor = null;
    await this.#saving;
    const cache = await this.cache;
    this.#cache = null;
    this.#opened = null;
    if (!hasStorage()) return;
    try {
      await cache?.empty();
      cache?.close();
      await Cache.destroy(this.#name);
    } catch (error) {
      cache?.close();
      this.#hooks.onFault("The cache could not be taken away", error);
    }
  }
}

/** Some browsers throw where storage is switched off, as soon as it is looked at. */
function hasStorage(): boolean {
  try {
    return typeof indexedDB !== "undefined";
  } catch {
    return false;
  }
}
