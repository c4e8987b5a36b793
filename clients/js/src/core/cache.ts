/**
 * What outlives the page: items, the cursor that covers them, and actions not yet sent.
 *
 * One IndexedDB database per server, line and user, so that nobody ever reads another's. No token is
 * ever in it.
 */
import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore } from "idb";
import type { Notification } from "../generated/wire";
import type { Place } from "./item";
import type { Row } from "./rows";
import type { Counts, SubscriptionTypes } from "./types";

/** How many of the newest notifications are kept; pinned ones aside. */
export const KEPT = 200;

export interface Meta {
  /** Which run of a client wrote it. */
  writer: string;
  deviceId: string;
  /** Up to where the items are complete; null: nothing is known. */
  cursor: string | null;
  /** Something was skipped: the list must be fetched before the items are complete. */
  isStale: boolean;
  /** Down to where the list has no gaps; null: not known. */
  floor: Place | null;
  /** The server's list ends there. */
  isComplete: boolean;
  counts: Counts;
  gone: string[];
  types: SubscriptionTypes | null;
}

export interface Kept {
  items: Notification[];
  meta: Meta | undefined;
  rows: Row[];
}

/** What one transaction writes. */
export interface Writing {
  /** What changed since this writer wrote last. */
  puts: Notification[];
  deletes: string[];
  /** All of it, in case another one wrote since. */
  all: Notification[];
  meta: Meta;
  /** Keys of actions that are settled. */
  doneRows: string[];
}

type StoredRow = Row & { n?: number };

interface Schema extends DBSchema {
  items: { key: string; value: Notification };
  meta: { key: "meta"; value: Meta };
  rows: { key: number; value: StoredRow; indexes: { key: string } };
}

const PARTS = ["items", "meta", "rows"] as const;
type RowStore = IDBPObjectStore<Schema, typeof PARTS, "rows", "readwrite">;
/** A tab that sleeps may hold the deletion up for as long as it sleeps. */
const DESTROY_WITHIN_MS = 2_000;

export class Cache {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /**
   * @param onLost called when the browser or another tab takes the database away.
   * @throws DOMException where storage is switched off.
   */
  static async open(name: string, onLost: () => void): Promise<Cache> {
    const db = await openDB<Schema>(name, 1, {
      upgrade(made) {
        made.createObjectStore("items", { keyPath: "id" });
        made.createObjectStore("meta");
        const rows = made.createObjectStore("rows", { keyPath: "n", autoIncrement: true });
        rows.createIndex("key", "key", { unique: true });
      },
      blocking: (_current, _wanted, event) => {
        (event.target as IDBDatabase).close();
        onLost();
      },
      terminated: onLost,
    });
    return new Cache(db);
  }

  /** All of it, as it was at one moment. */
  async load(): Promise<Kept> {
    const tx = this.#db.transaction(PARTS);
    const [items, meta, rows] = await Promise.all([
      tx.objectStore("items").getAll(),
      tx.objectStore("meta").get("meta"),
      tx.objectStore("rows").getAll(),
    ]);
    return { items, meta, rows };
  }

  /**
   * Writes items and the cursor that covers them together, or nothing.
   *
   * Tabs share the database, and one may be behind another: whoever writes after somebody else makes
   * everything as it holds it, so that the cursor never covers items of a tab that was behind it.
   */
  async save({ puts, deletes, all, meta, doneRows }: Writing): Promise<void> {
    const tx = this.#db.transaction(PARTS, "readwrite");
    const items = tx.objectStore("items");
    const before = await tx.objectStore("meta").get("meta");
    const isOurs = before === undefined || before.writer === meta.writer;
    const writes: Promise<unknown>[] = [tx.done];
    try {
      const change = isOurs ? { puts, deletes } : difference(await items.getAll(), all);
      for (const item of change.puts) writes.push(items.put(item));
      for (const id of change.deletes) writes.push(items.delete(id));
      for (const key of doneRows) writes.push(this.#deleteRow(tx.objectStore("rows"), key));
      writes.push(tx.objectStore("meta").put(meta, "meta"));
      await Promise.all(writes);
    } catch (error) {
      // What was written before the fault would be committed without the rest.
      if (tx.error === null) tx.abort();
      await Promise.allSettled(writes);
      throw error;
    }
  }

  /** Where there is no room for items: none stay behind, nor a cursor; settled actions are not sent again. */
  async giveUp(doneRows: readonly string[]): Promise<void> {
    const tx = this.#db.transaction(PARTS, "readwrite");
    await Promise.all([
      tx.objectStore("items").clear(),
      tx.objectStore("meta").clear(),
      ...doneRows.map((key) => this.#deleteRow(tx.objectStore("rows"), key)),
      tx.done,
    ]);
  }

  async addRow(row: Row): Promise<void> {
    const tx = this.#db.transaction("rows", "readwrite");
    const added = tx.store.add({ ...row });
    // A page that is being left is gone before the transaction would end by itself.
    tx.commit();
    await Promise.all([added, tx.done]);
  }

  /** Whether an action is still to be sent; false: another tab has settled it. */
  async hasRow(key: string): Promise<boolean> {
    return (await this.#db.getKeyFromIndex("rows", "key", key)) !== undefined;
  }

  /** Takes ids out of an action, or all of it. */
  async narrowRow(key: string, ids: readonly string[]): Promise<void> {
    const tx = this.#db.transaction("rows", "readwrite");
    const row = await tx.store.index("key").get(key);
    const rest = row?.ids.filter((id) => !ids.includes(id)) ?? [];
    if (row !== undefined && rest.length > 0) await tx.store.put({ ...row, ids: rest });
    else if (row !== undefined) await tx.store.delete(row.n!);
    await tx.done;
  }

  async #deleteRow(rows: RowStore, key: string): Promise<void> {
    const n = await rows.index("key").getKey(key);
    if (n !== undefined) await rows.delete(n);
  }

  /** Takes over the actions of tabs that are gone, each goes to one tab only; returns all that are left. */
  async adopt(tab: string, alive: ReadonlySet<string>): Promise<Row[]> {
    const tx = this.#db.transaction("rows", "readwrite");
    const isOrphan = (row: Row) => row.tab !== tab && !alive.has(row.tab);
    const rows = await tx.store.getAll();
    const orphans = rows.filter(isOrphan).map((row) => tx.store.put({ ...row, tab }));
    await Promise.all([...orphans, tx.done]);
    return rows.map((row) => (isOrphan(row) ? { ...row, tab } : row));
  }

  close(): void {
    this.#db.close();
  }

  /** Empties the database: that cannot be held up by a tab that sleeps on it, as taking it away can. */
  async empty(): Promise<void> {
    const tx = this.#db.transaction(PARTS, "readwrite");
    await Promise.all([...PARTS.map((part) => tx.objectStore(part).clear()), tx.done]);
  }

  /** Takes a database away, in every tab, opened here or not. */
  static async destroy(name: string): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, DESTROY_WITHIN_MS));
    await Promise.race([deleteDB(name), late]);
  }
}

/** What makes the one out of the other: tabs hold mostly the same, and reading costs less than writing. */
function difference(
  before: readonly Notification[],
  after: readonly Notification[],
): Pick<Writing, "puts" | "deletes"> {
  const texts = new Map(before.map((item) => [item.id, JSON.stringify(item)]));
  const puts = after.filter((item) => texts.get(item.id) !== JSON.stringify(item));
  for (const { id } of after) texts.delete(id);
  return { puts, deletes: [...texts.keys()] };
}
