/**
 * What outlives the page: items, the cursor that covers them, and actions not yet sent.
 *
 * One IndexedDB database per server, line and user, so that nobody ever reads another's. No token is
 * ever in it.
 */
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Notification } from "../generated/wire";
import type { Place } from "./item";
import type { Row } from "./rows";
import type { Counts, SubscriptionTypes } from "./types";

/** How many of the newest notifications are kept; pinned ones aside. */
export const KEPT = 200;

export interface Meta {
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
  puts: Notification[];
  deletes: string[];
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

export class Cache {
  readonly #name: string;
  readonly #db: IDBPDatabase<Schema>;

  private constructor(name: string, db: IDBPDatabase<Schema>) {
    this.#name = name;
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
    return new Cache(name, db);
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

  /** Writes items and the cursor that covers them together, or nothing. */
  async save({ puts, deletes, meta, doneRows }: Writing): Promise<void> {
    const tx = this.#db.transaction(PARTS, "readwrite");
    const items = tx.objectStore("items");
    const rows = tx.objectStore("rows");
    await Promise.all([
      ...puts.map((item) => items.put(item)),
      ...deletes.map((id) => items.delete(id)),
      ...doneRows.map(async (key) => {
        const n = await rows.index("key").getKey(key);
        if (n !== undefined) await rows.delete(n);
      }),
      tx.objectStore("meta").put(meta, "meta"),
      tx.done,
    ]);
  }

  async addRow(row: Row): Promise<void> {
    await this.#db.add("rows", { ...row });
  }

  /** Takes over the actions of tabs that are gone; each goes to one tab only. */
  async adopt(tab: string, alive: ReadonlySet<string>): Promise<Row[]> {
    const tx = this.#db.transaction("rows", "readwrite");
    const orphans = (await tx.store.getAll()).filter((row) => row.tab !== tab && !alive.has(row.tab));
    // They may have gone out before their tab ended.
    const mine = orphans.map((row) => ({ ...row, tab, isSent: true }));
    await Promise.all([...mine.map((row) => tx.store.put(row)), tx.done]);
    return mine;
  }

  close(): void {
    this.#db.close();
  }

  /** Takes the database away, in every tab. */
  async destroy(): Promise<void> {
    this.#db.close();
    await deleteDB(this.#name);
  }
}
