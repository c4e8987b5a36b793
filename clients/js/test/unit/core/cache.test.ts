/** What outlives the page: items and the cursor that covers them as one, with room or without. */
import "fake-indexeddb/auto";
import { IDBObjectStore, IDBTransaction } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createNotifyClient } from "../../../src";
import { Cache, KEPT, type Meta } from "../../../src/core/cache";
import { Keeper } from "../../../src/core/keeper";
import { Lists } from "../../../src/core/lists";
import type { Outbox } from "../../../src/core/outbox";
import type { Row } from "../../../src/core/rows";
import { Store } from "../../../src/core/store";
import { note, row } from "../../support/wire";

let names = 0;
let name = "";
const opened: (Cache | Keeper)[] = [];
beforeEach(() => {
  name = `cache-${++names}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of opened.splice(0)) await one.close();
});

/** A tab: its store and what keeps it. */
async function tab() {
  const store = new Store();
  const outbox = { done: [] as string[] };
  const faults: string[] = [];
  const onFault = (message: string) => faults.push(message);
  const lists = new Lists(store);
  const keeper = new Keeper(name, true, store, lists, () => outbox as unknown as Outbox, { onFault });
  opened.push(keeper);
  const kept = await keeper.open();
  if (kept?.meta) store.load(kept.items, kept.meta);
  return { store, lists, outbox, faults, keeper };
}

const hold = (store: Store, id: string) => store.receive({ notification: note(id) });

async function kept() {
  const cache = await Cache.open(name, () => {});
  const { items, meta, rows } = await cache.load();
  cache.close();
  return { titles: items.map((item) => item.title), cursor: meta?.cursor, rows: rows.map(({ key }) => key) };
}

const NO_ROOM = () => {
  throw new DOMException("No room", "QuotaExceededError");
};

/** Writing items fails from now on, as where the disk is full. */
function fillUp(): void {
  const put = IDBObjectStore.prototype.put;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args) {
    return this.name === "items" ? NO_ROOM() : put.apply(this, args);
  });
}

describe("one tab", () => {
  test("an item is acknowledged once it is kept, with the cursor that covers it", async () => {
    const { store, keeper } = await tab();
    store.receive({ notification: note("a1") });
    keeper.cursor = "after a1";
    const found = new Promise((resolve) => keeper.schedule(() => resolve(kept())));
    expect(await found).toMatchObject({ titles: ["Title a1"], cursor: "after a1" });
  });

  test("a write that fails half-way leaves what was there before", async () => {
    const cache = await Cache.open(name, () => {});
    opened.push(cache);
    const meta = { writer: "one", cursor: "1" } as Meta;
    const items = [note("a1")];
    await cache.save({ puts: items, deletes: [], all: items, meta, doneRows: [] });
    const put = IDBObjectStore.prototype.put;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args) {
      return this.name === "meta" ? NO_ROOM() : put.apply(this, args);
    });
    const other = {
      puts: [],
      deletes: [],
      all: [note("a2")],
      meta: { ...meta, writer: "two" },
      doneRows: [],
    };
    await expect(cache.save(other)).rejects.toThrow("No room");
    expect(await kept()).toMatchObject({ titles: ["Title a1"], cursor: "1" });
  });

  test("an action is committed in the moment it is written: a page that is left waits for nothing", async () => {
    const cache = await Cache.open(name, () => {});
    opened.push(cache);
    const commit = vi.spyOn(IDBTransaction.prototype, "commit");
    const written = cache.addRow(row("mark_read", ["1"], { key: "leaving" }));
    expect(commit).toHaveBeenCalledOnce();
    await written;
    expect((await kept()).rows).toEqual(["leaving"]);
  });

  test("without room nothing half stays behind, and actions are kept and settled as before", async () => {
    const { store, outbox, keeper, faults } = await tab();
    store.receive({ notification: note("a1") });
    keeper.cursor = "1";
    await keeper.flush();
    fillUp();
    store.receive({ notification: note("a2") });
    keeper.cursor = "2";
    const acked = vi.fn();
    keeper.schedule(acked);
    await keeper.flush();
    expect(acked).toHaveBeenCalledOnce();
    expect([keeper.isKeeping, keeper.cursor]).toEqual([false, null]);
    expect(faults).toEqual(["The cache could not be written"]);
    const read = row("mark_read", ["a1"]);
    await (await keeper.cache)!.addRow(read);
    expect(await kept()).toEqual({ titles: [], cursor: undefined, rows: [read.key] });
    outbox.done.push(read.key);
    await keeper.flush();
    expect((await kept()).rows).toEqual([]);
  });
});

describe("an action on more than the cache holds", () => {
  const ids = Array.from({ length: 3 * KEPT }, (_, n) => `a${1_000 + n}`).reverse();
  const oldest = ids.at(-1)!;
  /** All of them held and the newest kept; then they are acted on, and the server says something. */
  async function actedOn(verb: Row["verb"], some: string[]) {
    const { store, lists, keeper } = await tab();
    for (const id of ids) hold(store, id);
    lists.main.floor = { id: oldest, sort_at: store.base.get(oldest)!.sort_at };
    await keeper.flush();
    store.addRow(row(verb, some));
    store.counted({ count: 0, unseen: 0, more: false });
    await keeper.flush();
    const cache = await Cache.open(name, () => {});
    const { items, meta } = await cache.load();
    cache.close();
    return { held: new Set(items.map((item) => item.id)), floor: meta?.floor?.id };
  }

  test("keeps the newest as before, and writes no others", async () => {
    const { held, floor } = await actedOn("dismiss", ids);
    expect(held).toEqual(new Set(ids.slice(0, KEPT)));
    expect(floor).toBe(ids[KEPT - 1]);
  });

  test("what is deleted and may come back stays, beside the newest of the others", async () => {
    const { held, floor } = await actedOn("delete", ids.slice(0, 10));
    expect(held).toEqual(new Set(ids.slice(0, KEPT + 10)));
    expect(floor).toBe(ids[KEPT + 9]);
  });

  test("the cache claims no place below which one is missing that may come back", async () => {
    const { held, floor } = await actedOn("delete", ids);
    expect(held).toEqual(new Set(ids.slice(0, KEPT)));
    expect(floor).toBe(ids[KEPT - 1]);
  });
});

describe("two tabs on one database", () => {
  test("a cursor never covers the items of a tab that was behind", async () => {
    const [ahead, behind] = [await tab(), await tab()];
    for (const { store } of [ahead, behind]) store.receive({ notification: note("a1") });
    behind.keeper.cursor = "1";
    ahead.store.update({ ids: ["a1"], changes: { is_read: true } });
    ahead.keeper.cursor = "2";
    await ahead.keeper.flush();
    await behind.keeper.flush();
    ahead.store.receive({ notification: note("a2") });
    ahead.keeper.cursor = "3";
    await ahead.keeper.flush();
    const later = await tab();
    expect(later.keeper.cursor).toBe("3");
    expect(later.store.base.get("a1")?.is_read).toBe(true);
    expect(later.store.base.has("a2")).toBe(true);
  });

  test("who writes after the other writes only what is different", async () => {
    const [one, other] = [await tab(), await tab()];
    for (const { store } of [one, other]) for (const id of ["a1", "a2", "a3"]) hold(store, id);
    await one.keeper.flush();
    other.store.remove(["a1"]);
    other.store.update({ ids: ["a2"], changes: { is_read: true } });
    const put = vi.spyOn(IDBObjectStore.prototype, "put");
    await other.keeper.flush();
    const written = put.mock.calls.map(([value]) => (value as { id?: string }).id).filter(Boolean);
    expect(written).toEqual(["a2"]);
    expect((await kept()).titles).toEqual(["Title a2", "Title a3"]);
  });
});

describe("taking it away", () => {
  const options = () => ({
    user: name,
    url: "http://nowhere.example",
    getToken: () => new Promise<string>(() => {}),
  });
  const databases = async () => (await indexedDB.databases()).filter((db) => db.name?.endsWith(`:${name}`));
  const started = async () => {
    const client = createNotifyClient(options());
    await client.start();
    void client.pin("a1");
    await vi.waitFor(async () => expect(await databases()).toHaveLength(1), 20_000);
    await client.stop();
    return client;
  };

  test("a logout takes what is kept away, though the client was stopped before", async () => {
    const client = await started();
    await client.logout();
    expect(await databases()).toEqual([]);
  });

  test("a logout before the first start takes away what an earlier page kept", async () => {
    await started();
    await createNotifyClient(options()).logout();
    expect(await databases()).toEqual([]);
  });

  test("a tab that sleeps on the database holds no logout up, and finds nothing in it", async () => {
    const client = await started();
    await client.start();
    const [{ name: full }] = (await databases()) as [{ name: string }];
    const asleep = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open(full);
      request.onsuccess = () => resolve(request.result);
    });
    await client.logout();
    const rows = asleep.transaction("rows").objectStore("rows").getAll();
    await new Promise((resolve) => (rows.onsuccess = resolve));
    expect(rows.result).toEqual([]);
    asleep.close();
  });
});

test("a database that does not open holds the bell up for a moment only", async () => {
  vi.spyOn(indexedDB, "open").mockImplementation(() => new EventTarget() as IDBOpenDBRequest);
  const { keeper, faults } = await tab();
  expect([keeper.isKeeping, faults]).toEqual([false, ["There is no cache"]]);
  vi.restoreAllMocks();
});

test("storage that throws as soon as it is looked at is storage that is not there", async () => {
  const found = Object.getOwnPropertyDescriptor(globalThis, "indexedDB")!;
  const throwing = { configurable: true, get: () => NO_ROOM() };
  Object.defineProperty(globalThis, "indexedDB", throwing);
  try {
    const { keeper, faults } = await tab();
    expect([keeper.isKeeping, await keeper.cache, faults]).toEqual([false, null, []]);
    await keeper.destroy();
  } finally {
    Object.defineProperty(globalThis, "indexedDB", found);
  }
});
