/** The package's client against the real server: what it shows, keeps, sends and tells. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Cache } from "../../src/core/cache";
import { closeEverybody, Person } from "../support/client";
import { until } from "../support/device";
import { Proxy } from "../support/proxy";
import { Server } from "../support/server";

let server: Server;
let users = 0;
let user = "";
beforeAll(async () => {
  server = await Server.start();
});
afterEach(closeEverybody);
afterAll(() => server.remove());

function newUser(): string {
  user = `reader-${++users}`;
  return user;
}

/** A connection to the user's database that holds up its deletion, as a sleeping tab's does. */
async function asleepOn(user: string): Promise<IDBDatabase> {
  const found = await indexedDB.databases();
  const { name } = found.find(({ name }) => name?.endsWith(`:${user}`))!;
  const request = indexedDB.open(name!);
  return new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
}

describe("receiving", () => {
  test("a notification is shown, counted, announced once and delivered", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Hello");
    await until(() => person.titles.includes("Hello") && person.unread === 1);
    await until(async () => (await server.status(id, user)) === "delivered");
    await until(() => person.announced.length === 1);
    expect(person.announced[0]).toMatchObject({ key: id, kind: "new", isReplayed: false });
    expect(person.faults).toEqual([]);
  });

  test("what the cache holds is shown before the network answers", async () => {
    const first = await Person.of(server, newUser());
    await server.send(user, "Kept");
    await until(() => first.titles.includes("Kept") && first.unread === 1);
    await first.close();
    const later = new Person(server, user, { getToken: () => new Promise(() => {}) });
    await later.client.start();
    expect(later.titles).toEqual(["Kept"]);
    expect(later.unread).toBe(1);
    expect(later.client.getState()).toMatchObject({ isLoaded: true, isCurrent: false });
  });

  test("coming back brings what was missed, once", async () => {
    const person = await Person.of(server, newUser());
    await server.send(user, "Before");
    await until(() => person.titles.length === 1);
    person.client.disconnect();
    await server.send(user, "Meanwhile");
    person.client.connect();
    await until(() => person.titles.length === 2);
    await until(() => person.announced.length === 2);
    expect(person.announced[1]).toMatchObject({ isReplayed: true });
    expect(person.titles).toEqual(["Meanwhile", "Before"]);
  });
});

describe("acting", () => {
  test("reading is shown at once and reaches the server", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Read me");
    await until(() => person.unread === 1);
    const outcome = person.client.markAsRead(id);
    expect(person.client.getNotification(id)?.is_read).toBe(true);
    expect(person.unread).toBe(0);
    expect(await outcome).toEqual({ ok: true });
    const other = await Person.of(server, user, { cache: false });
    expect(other.client.getNotification(id)?.is_read).toBe(true);
  });

  test("what was done offline survives the page and is sent on return", async () => {
    const person = await Person.of(server, newUser());
    const ids = [await server.send(user, "One"), await server.send(user, "Two")];
    await until(() => person.unread === 2);
    person.client.disconnect();
    void person.client.pin(ids[0]!);
    void person.client.markAsRead(ids);
    expect(person.unread).toBe(0);
    await until(() => person.client.getState().pending === 2);
    await person.close();
    const later = new Person(server, user);
    await later.client.start();
    expect(later.client.getState().pending).toBe(2);
    expect(later.unread).toBe(0);
    await later.current();
    await until(() => later.client.getState().pending === 0);
    const other = await Person.of(server, user, { cache: false });
    expect(other.client.getNotification(ids[0]!)).toMatchObject({ is_read: true });
    expect(other.client.getNotification(ids[0]!)?.pinned_at).toBeTruthy();
    expect(other.unread).toBe(0);
  });

  test("what is gone by then is told and taken away", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Gone");
    await until(() => person.unread === 1);
    const outcome = await person.client.pin("019b76da-a800-7000-8000-0000000000ff");
    expect(outcome).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(person.refused).toMatchObject([{ verb: "pin", code: "NOT_FOUND" }]);
    expect(person.client.getNotification(id)).toBeDefined();
  });
});

describe("two users of one browser", () => {
  test("neither ever sees what is kept of the other", async () => {
    const first = await Person.of(server, newUser());
    await server.send(user, "For the first");
    await until(() => first.unread === 1);
    await first.close();
    const second = new Person(server, newUser());
    const seen: string[] = [];
    second.client.subscribe(() => seen.push(...second.titles));
    await second.start();
    expect(seen).toEqual([]);
    expect(second.counts.every((count) => count === 0)).toBe(true);
  });

  test("a token of somebody else is refused before it is used", async () => {
    const person = new Person(server, newUser(), { getToken: () => server.token("somebody else", 60) });
    await person.client.start();
    await until(() => person.client.getState().connection.status === "refused");
    expect(person.client.getState().connection.code).toBe("USER_MISMATCH");
    expect(person.client.socket).toBeNull();
  });

  test("once somebody else is logged in nothing is shown any more, until its owner is back", async () => {
    const tokens = [server.token(newUser(), 20), server.token("somebody else", 600), server.token(user, 600)];
    await server.send(user, "For the first");
    const person = new Person(server, user, { getToken: () => tokens.shift()! });
    await person.start();
    await until(() => person.client.getState().connection.code === "USER_MISMATCH");
    expect([person.titles, person.unread, person.client.socket!.connected]).toEqual([[], 0, false]);
    person.client.connect();
    await person.current();
    expect([person.titles, person.unread]).toEqual([["For the first"], 1]);
  });

  test("what was under way at a logout is neither shown nor announced, however slow the database", async () => {
    const proxy = await Proxy.before(server.port, "refused");
    const person = await Person.of(server, newUser(), { url: proxy.url });
    const asleep = await asleepOn(user);
    proxy.hold("/subscriptions");
    const fetched = person.client.refreshSubscriptions();
    await until(() => proxy.waiting === 1);
    // Not awaited: its answer may come after the announcement.
    const sent = server.send(user, "Late");
    await until(() => person.titles.length === 1);
    const left = person.client.logout();
    proxy.release();
    await Promise.all([fetched, left, sent]);
    asleep.close();
    proxy.close();
    expect([person.announced, person.titles]).toEqual([[], []]);
    expect(person.client.getState().subscriptions).toBeNull();
  });
});

test("what came while its type was off is listed on the next visit, and once the type is on again", async () => {
  const person = await Person.of(server, newUser());
  const other = await Person.of(server, user, { cacheScope: "another browser" });
  await person.client.refreshSubscriptions();
  expect(await person.client.setSubscribed("warning", false)).toEqual({ ok: true });
  await server.send(user, "One", { type: "warning" });
  await person.close();
  await person.start();
  await until(() => person.titles.join() === "One");
  await server.send(user, "Two", { type: "warning" });
  expect(await person.client.setSubscribed("warning", true)).toEqual({ ok: true });
  for (const one of [person, other]) await until(() => one.titles.join() === "Two,One" && one.unread === 2);
});

test("an answer about subscriptions that was overtaken by an edit does not undo it", async () => {
  const proxy = await Proxy.before(server.port, "refused");
  const person = await Person.of(server, newUser(), { url: proxy.url });
  const isOn = () => person.client.getState().subscriptions?.warning?.subscribed;
  await person.client.refreshSubscriptions();
  proxy.hold("/subscriptions");
  const fetched = person.client.refreshSubscriptions();
  await until(() => proxy.waiting === 1);
  expect(await person.client.setSubscribed("warning", false)).toEqual({ ok: true });
  proxy.release();
  await fetched;
  expect(isOn()).toBe(false);
  await person.close();
  proxy.close();
});

describe("the connection", () => {
  test("works where WebSocket is blocked", async () => {
    const person = await Person.of(server, newUser(), { transports: ["polling"] });
    const id = await server.send(user, "By polling");
    await until(() => person.titles.includes("By polling"));
    expect(await person.client.markAsRead(id)).toEqual({ ok: true });
  });

  test.each(["refused", "cut", "never answered"] as const)(
    "works behind a proxy where the upgrade to WebSocket is %s",
    async (upgrade) => {
      const proxy = await Proxy.before(server.port, upgrade);
      const person = await Person.of(server, newUser(), { url: proxy.url });
      await until(() => proxy.upgrades > 0);
      const id = await server.send(user, "Behind a proxy");
      await until(() => person.titles.includes("Behind a proxy"));
      expect(await person.client.markAsRead(id)).toEqual({ ok: true });
      await until(async () => (await server.status(id, user)) === "delivered");
      expect(person.client.socket!.io.engine.transport.name).toBe("polling");
      expect(person.states).toEqual(["connecting", "connected"]);
      await person.close();
      proxy.close();
    },
  );

  test("an old token is replaced once; then the refusal is told with its code", async () => {
    const tokens: string[] = [];
    const person = new Person(server, newUser(), {
      getToken: () => {
        // Of one that ends within a minute the server warns, and a third one is asked for.
        tokens.push(server.token(user, tokens.length ? 600 : -30));
        return tokens.at(-1)!;
      },
    });
    await person.start();
    expect(tokens).toHaveLength(2);
    const never = new Person(server, newUser(), { getToken: () => server.token(user, 60, "x".repeat(40)) });
    await never.client.start();
    await until(() => never.client.getState().connection.status === "refused");
    expect(never.client.getState().connection).toMatchObject({ code: "TOKEN_INVALID" });
  });

  test("a namespace that the server does not have is refused for good", async () => {
    const person = new Person(server, newUser(), { namespace: "/nowhere" });
    await person.client.start();
    await until(() => person.client.getState().connection.status === "refused");
    expect(person.client.getState().connection.code).toBe("FORBIDDEN_NAMESPACE");
    expect(person.faults).toHaveLength(1);
  });

  test("a token about to end is refreshed on the open connection", async () => {
    let asked = 0;
    const person = await Person.of(server, newUser(), {
      getToken: () => server.token(user, asked++ === 0 ? 20 : 600),
    });
    await until(() => asked === 2);
    const { id } = person.client.socket!;
    await server.send(user, "After");
    await until(() => person.titles.includes("After"));
    expect(person.client.socket!.id).toBe(id);
    expect(person.faults).toEqual([]);
  });

  test("a token callback that fails is tried again", async () => {
    let asked = 0;
    const person = await Person.of(server, newUser(), {
      getToken: async () => {
        if (asked++ === 0) throw new Error("not now");
        return (await server.session(user)).token;
      },
    });
    expect(person.faults).toEqual(["getToken failed"]);
    expect(person.states).toEqual(["connecting", "reconnecting", "connected"]);
  });

  test("without a cache there is no cursor, and the list is fetched on every return", async () => {
    const person = await Person.of(server, newUser(), { cache: false });
    const id = await server.send(user, "Read elsewhere");
    await until(() => person.unread === 1);
    person.client.disconnect();
    const other = await Person.of(server, user, { cacheScope: "another browser" });
    await other.client.markAsRead(id);
    person.client.connect();
    await until(() => person.client.getNotification(id)?.is_read === true && person.unread === 0);
  });
});

describe("lists", () => {
  test("older ones come page by page, filtered ones too, without gaps", async () => {
    const items = Array.from({ length: 230 }, (_, i) => ({
      to: "",
      title: `No ${i}`,
      message: "m",
      type: i % 10 === 0 ? "alert" : "info",
    }));
    newUser();
    for (const item of items) item.to = user;
    await server.post("/notifications/bulk", { items });
    const person = await Person.of(server, user);
    await until(() => person.titles.length >= 200 && person.client.getList().hasMore);
    await person.client.loadMore();
    expect(person.titles).toEqual(items.map((item) => item.title).reverse());
    expect(person.client.getList().hasMore).toBe(false);
    await person.close();

    const later = new Person(server, user, { getToken: () => new Promise(() => {}) });
    await later.client.start();
    expect(later.titles).toEqual(
      items
        .map((item) => item.title)
        .reverse()
        .slice(0, 200),
    );
    await later.close();

    const third = await Person.of(server, user);
    await third.client.loadMore();
    expect(third.titles).toEqual(items.map((item) => item.title).reverse());
    const stop = third.client.watch({ type: "alert" });
    await until(() => third.client.getList({ type: "alert" }).notifications.length === 23);
    stop();
  });

  test("after a long absence the newest are there without gaps, and the rest below them", async () => {
    const person = await Person.of(server, newUser());
    await server.send(user, "Before");
    await until(() => person.unread === 1);
    person.client.disconnect();
    const titles = Array.from({ length: 340 }, (_, i) => `Missed ${i}`);
    await server.post("/notifications/bulk", {
      items: titles.map((title) => ({ to: user, title, message: "m" })),
    });
    person.client.connect();
    const newest = [...titles].reverse();
    await until(() => person.unread === 341 && person.client.getState().isCurrent, 20_000);
    await until(() => person.titles.length === 200 && person.client.getList().hasMore);
    expect(person.titles).toEqual(newest.slice(0, 200));
    for (let page = 0; page < 5 && person.client.getList().hasMore; page++) await person.client.loadMore();
    expect(person.titles).toEqual([...newest, "Before"]);
    expect(Math.max(...person.counts)).toBe(341);
  });

  test("a snoozed one leaves the list and comes back as new", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Later");
    await until(() => person.unread === 1 && person.announced.length === 1);
    const snoozed = person.client.snooze(id, { forS: 2 });
    expect(person.titles).toEqual([]);
    expect(person.client.getList({ snoozed: true }).notifications).toHaveLength(1);
    expect(await snoozed).toEqual({ ok: true });
    await until(() => person.titles.length === 1 && person.unread === 1);
    await until(() => person.announced.length === 2);
  });

  test("one that no list holds is fetched by its id", async () => {
    const id = await server.send(newUser(), "Somewhere");
    const person = await Person.of(server, user);
    await person.client.remove(id);
    expect(await person.client.fetchNotification("019b76da-a800-7000-8000-0000000000ff")).toBeUndefined();
  });
});

test("the device keeps its name, and no token is kept or logged", async () => {
  const logged: string[] = [];
  const person = new Person(server, newUser());
  person.client.on("wire", (...all) => logged.push(JSON.stringify(all)));
  const token = (await server.session(user)).token;
  await person.start();
  await server.send(user, "Logged");
  await until(() => person.unread === 1);
  await person.close();
  const { name } = (await indexedDB.databases()).find((db) => db.name?.endsWith(`:${user}`))!;
  const cache = await Cache.open(name!, () => {});
  const kept = await cache.load();
  cache.close();
  expect(kept.items).toHaveLength(1);
  expect(kept.meta?.cursor).toBeTruthy();
  const later = await Person.of(server, user);
  await later.close();
  const again = await Cache.open(name!, () => {});
  expect((await again.load()).meta?.deviceId).toBe(kept.meta?.deviceId);
  again.close();
  const signature = /eyJ[\w-]+\.[\w-]+\.[\w-]+/;
  expect(token).toMatch(signature);
  expect(JSON.stringify(kept)).not.toMatch(signature);
  expect(logged.join("\n")).toContain("notification");
  expect(logged.join("\n")).not.toMatch(signature);
});
