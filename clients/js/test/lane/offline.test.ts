/** Actions made offline, by one tab or several, against the real server: none lost, none twice, in order. */
import "../support/locks";
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
  user = `offline-${++users}`;
  return user;
}

/** Snoozed for two hours by another browser, which leaves again; returns until when. */
async function snoozedElsewhere(id: string): Promise<string> {
  const elsewhere = await Person.of(server, user, { cache: false, cacheScope: "another browser" });
  const until = new Date(Date.now() + 7_200_000).toISOString();
  expect(await elsewhere.client.snooze(id, { until })).toEqual({ ok: true });
  await elsewhere.close();
  return until;
}

/** As if whoever did the second action had taken over the first, and lost the connection before it was sent. */
async function takenOverByTheSecondRow(): Promise<void> {
  const found = await indexedDB.databases();
  const cache = await Cache.open(found.find(({ name }) => name?.endsWith(`:${user}`))!.name!, () => {});
  const [, second, third] = (await cache.load()).rows;
  await cache.adopt(second!.tab, new Set([third!.tab]));
  cache.close();
}

describe("offline and back", () => {
  test("what was changed elsewhere meanwhile wins over an older action, and that is told", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Both");
    await until(() => person.unread === 1);
    person.client.disconnect();
    const snoozed = person.client.snooze(id, { forS: 3600 });
    const elsewhere = await Person.of(server, user, { cache: false, cacheScope: "another browser" });
    const theirs = new Date(Date.now() + 7_200_000).toISOString();
    expect(await elsewhere.client.snooze(id, { until: theirs })).toEqual({ ok: true });
    person.client.connect();
    expect(await snoozed).toMatchObject({ ok: false, code: "CONFLICT" });
    expect(person.refused).toMatchObject([{ verb: "snooze", ids: [id], code: "CONFLICT" }]);
    await until(() => person.client.getNotification(id)?.snoozed_until === theirs);
  });

  test("what was done before the cache was open survives the page", async () => {
    const id = await server.send(newUser(), "Early");
    const early = new Person(server, user, { getToken: () => new Promise<string>(() => {}) });
    const started = early.client.start();
    void early.client.markAsRead(id);
    await started;
    await early.close();
    const late = await Person.of(server, user);
    await until(() => late.client.getNotification(id)?.is_read === true);
  });

  test("what was removed elsewhere meanwhile is gone, and the action on it is told", async () => {
    const person = await Person.of(server, newUser());
    const ids = [await server.send(user, "Stays"), await server.send(user, "Goes")];
    await until(() => person.unread === 2);
    person.client.disconnect();
    const outcomes = [person.client.markAsRead(ids), person.client.pin(ids[1]!)];
    const elsewhere = await Person.of(server, user, { cacheScope: "another browser" });
    await elsewhere.client.remove(ids[1]!);
    person.client.connect();
    expect(await Promise.all(outcomes)).toMatchObject([{ ok: true }, { ok: false, code: "NOT_FOUND" }]);
    await until(() => person.titles.join() === "Stays" && person.unread === 0);
    await until(() => elsewhere.client.getNotification(ids[0]!)?.is_read === true);
  });

  test("actions arrive in the order in which they were done", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Flip");
    await until(() => person.unread === 1);
    person.client.disconnect();
    for (let i = 0; i < 5; i++) {
      void person.client.markAsRead(id);
      void person.client.markAsUnread(id);
    }
    void person.client.pin(id);
    expect(person.client.getState().pending).toBe(11);
    person.client.connect();
    await until(() => person.client.getState().pending === 0);
    const other = await Person.of(server, user, { cache: false });
    expect(other.client.getNotification(id)).toMatchObject({ is_read: false });
    expect(other.client.getNotification(id)?.pinned_at).toBeTruthy();
    await until(() => person.unread === 1);
  });

  test("marking all leaves what came after it", async () => {
    const person = await Person.of(server, newUser());
    await server.send(user, "Seen");
    await until(() => person.unread === 1);
    person.client.disconnect();
    const marked = person.client.markAllAsRead();
    await server.send(user, "Unseen");
    person.client.connect();
    expect(await marked).toEqual({ ok: true });
    await until(() => person.titles.length === 2 && person.unread === 1);
    expect(person.client.getList({ unread: true }).notifications.map((item) => item.title)).toEqual([
      "Unseen",
    ]);
    expect(Math.min(...person.counts)).toBeGreaterThanOrEqual(0);
  });

  test("subscriptions switched offline are settled with the server", async () => {
    const person = await Person.of(server, newUser());
    person.client.watchSubscriptions();
    await until(() => person.client.getState().subscriptions?.info?.subscribed === true);
    person.client.disconnect();
    const off = person.client.setSubscribed("info", false);
    const refused = person.client.setSubscribed("security", false);
    expect(person.client.getState().subscriptions?.info?.subscribed).toBe(false);
    const elsewhere = await Person.of(server, user, { cacheScope: "another browser" });
    await elsewhere.client.setSubscribed("warning", false);
    person.client.connect();
    expect(await off).toEqual({ ok: true });
    expect(await refused).toMatchObject({ ok: false });
    await until(() => person.client.getState().subscriptions?.warning?.subscribed === false);
    expect(person.client.getState().subscriptions).toMatchObject({
      info: { subscribed: false },
      security: { subscribed: true, required: true },
    });
  });

  test("a conflict with what was left by a page that was closed is settled and told too", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Both, later");
    await until(() => person.unread === 1);
    person.client.disconnect();
    void person.client.snooze(id, { forS: 3600 });
    void person.client.pin(id);
    await person.close();
    const theirs = await snoozedElsewhere(id);
    const later = await Person.of(server, user);
    await until(() => later.client.getState().pending === 0);
    expect(later.refused).toMatchObject([{ verb: "snooze", ids: [id], code: "CONFLICT" }]);
    expect(later.client.getNotification(id)).toMatchObject({ snoozed_until: theirs });
    expect(later.client.getNotification(id)?.pinned_at).toBeTruthy();
  });

  test("without a cache, so without a replay of states, a conflict is settled too", async () => {
    const person = await Person.of(server, newUser(), { cache: false });
    const id = await server.send(user, "Unkept");
    await until(() => person.unread === 1);
    person.client.disconnect();
    const snoozed = person.client.snooze(id, { forS: 3600 });
    const read = person.client.markAsRead(id);
    const theirs = await snoozedElsewhere(id);
    person.client.connect();
    expect(await snoozed).toMatchObject({ ok: false, code: "CONFLICT" });
    expect(await read).toEqual({ ok: true });
    const other = await Person.of(server, user, { cache: false });
    expect(await other.client.fetchNotification(id)).toMatchObject({ snoozed_until: theirs, is_read: true });
  });

  test("a server whose HTTP hangs does not hold up for ever what was done meanwhile", async () => {
    const proxy = await Proxy.before(server.port, "refused");
    const id = await server.send(newUser(), "Held up");
    const person = await Person.of(server, user, { url: proxy.url, cache: false });
    person.client.disconnect();
    const outcome = person.client.markAsRead(id);
    proxy.hold("/api/v1/notifications/");
    person.client.connect();
    await until(() => proxy.waiting === 1);
    expect(await outcome).toEqual({ ok: true });
    await person.close();
    proxy.close();
  });

  test("a snooze that is over by then is over: nothing is sent, nothing is refused", async () => {
    const person = await Person.of(server, newUser());
    const id = await server.send(user, "Slept through");
    await until(() => person.unread === 1);
    person.client.disconnect();
    const snoozed = person.client.snooze(id, { forS: 0.2 });
    expect([person.titles, person.unread]).toEqual([[], 0]);
    await new Promise((resolve) => setTimeout(resolve, 250));
    person.client.connect();
    expect(await snoozed).toEqual({ ok: true });
    await until(() => person.titles.length === 1 && person.unread === 1);
    expect(person.refused).toEqual([]);
  });

  test("deleting what was deleted elsewhere is no refusal", async () => {
    const person = await Person.of(server, newUser());
    const ids = [await server.send(user, "One"), await server.send(user, "Two")];
    await until(() => person.unread === 2);
    person.client.disconnect();
    const outcomes = [person.client.remove(ids[0]!), person.client.remove(ids)];
    const elsewhere = await Person.of(server, user, { cacheScope: "another browser" });
    await elsewhere.client.remove(ids[0]!);
    person.client.connect();
    expect(await Promise.all(outcomes)).toEqual([{ ok: true }, { ok: true }]);
    expect(person.refused).toEqual([]);
    await until(() => person.unread === 0 && elsewhere.titles.length === 0);
  });

  test("marking all when the newest is gone keeps its place before later actions", async () => {
    const person = await Person.of(server, newUser());
    const ids = [await server.send(user, "Old"), await server.send(user, "New")];
    await until(() => person.unread === 2);
    person.client.disconnect();
    const outcomes = [person.client.markAllAsRead(), person.client.markAsUnread(ids[0]!)];
    const elsewhere = await Person.of(server, user, { cacheScope: "another browser" });
    await elsewhere.client.remove(ids[1]!);
    person.client.connect();
    expect(await Promise.all(outcomes)).toEqual([{ ok: true }, { ok: true }]);
    await until(() => elsewhere.client.getNotification(ids[0]!)?.is_read === false && elsewhere.unread === 1);
    await until(() => person.unread === 1);
  });
});

describe("several tabs of one browser", () => {
  test("announce once together, and agree at once, even offline", async () => {
    const tabs = [await Person.of(server, newUser()), await Person.of(server, user)];
    const id = await server.send(user, "Together");
    await until(() => tabs.every((tab) => tab.unread === 1));
    await until(() => tabs.flatMap((tab) => tab.announced).length === 1);
    for (const tab of tabs) tab.client.disconnect();
    void tabs[0]!.client.markAsRead(id);
    await until(() => tabs[1]!.unread === 0 && tabs[1]!.client.isPending(id));
    for (const tab of tabs) tab.client.connect();
    await until(() => tabs.every((tab) => tab.client.getState().pending === 0 && tab.unread === 0));
    expect(tabs.flatMap((tab) => tab.announced)).toHaveLength(1);
    expect(tabs.flatMap((tab) => tab.refused)).toEqual([]);
  });

  test("what a closed tab left to send is sent by another", async () => {
    const tabs = [await Person.of(server, newUser()), await Person.of(server, user)];
    const id = await server.send(user, "Left behind");
    await until(() => tabs.every((tab) => tab.unread === 1));
    tabs[0]!.client.disconnect();
    void tabs[0]!.client.pin(id);
    await tabs[0]!.close();
    await until(() => tabs[1]!.client.getState().pending === 0);
    await until(async () => {
      const other = await Person.of(server, user, { cache: false });
      const isPinned = other.client.getNotification(id)?.pinned_at != null;
      await other.close();
      return isPinned;
    });
  });

  test("a logout ends it in all of them, and nothing is kept", async () => {
    const tabs = [await Person.of(server, newUser()), await Person.of(server, user)];
    await server.send(user, "Private");
    await until(() => tabs.every((tab) => tab.unread === 1));
    await tabs[0]!.client.logout();
    await until(() => tabs.every((tab) => tab.titles.length === 0 && tab.unread === 0));
    const names = () => indexedDB.databases().then((all) => all.map(({ name }) => name));
    await until(async () => !(await names()).some((name) => name?.endsWith(`:${user}`)));
    const later = new Person(server, user, { getToken: () => new Promise(() => {}) });
    await later.client.start();
    expect(later.titles).toEqual([]);
  });

  test("what both did offline arrives in the order in which it was done, whoever comes back first", async () => {
    const tabs = [await Person.of(server, newUser()), await Person.of(server, user)];
    const id = await server.send(user, "In order");
    await until(() => tabs.every((tab) => tab.unread === 1));
    for (const tab of tabs) tab.client.disconnect();
    const outcomes: Promise<unknown>[] = [];
    for (let round = 0; round < 3; round++) {
      outcomes.push(tabs[0]!.client.markAsRead(id));
      await until(() => tabs[1]!.client.getNotification(id)?.is_read === true);
      outcomes.push(tabs[1]!.client.markAsUnread(id));
      await until(() => tabs[0]!.client.getNotification(id)?.is_read === false);
    }
    const sent: string[] = [];
    for (const { client } of tabs) {
      client.on("wire", (way, event) => way === "out" && event.startsWith("mark_") && sent.push(event));
    }
    tabs[1]!.client.connect();
    await until(() => tabs.every((tab) => tab.client.getState().pending === 0));
    tabs[0]!.client.connect();
    expect(await Promise.all(outcomes)).toEqual(Array(6).fill({ ok: true }));
    expect(sent).toEqual(Array(3).fill(["mark_read", "mark_unread"]).flat());
    await tabs[0]!.current();
    await until(() => tabs.every((tab) => tab.unread === 1 && tab.refused.length === 0));
  });

  test("what a closed tab left keeps its place, though one that took it over is not back yet", async () => {
    const tabs = [
      await Person.of(server, newUser()),
      await Person.of(server, user),
      await Person.of(server, user),
    ];
    const [first, second, closing] = tabs as [Person, Person, Person];
    const id = await server.send(user, "Pinned and not");
    await until(() => tabs.every((tab) => tab.unread === 1));
    for (const tab of tabs) tab.client.disconnect();
    const isPinned = (tab: Person) => tab.client.getNotification(id)?.pinned_at !== null;
    void closing.client.pin(id);
    await until(() => isPinned(first) && isPinned(second));
    await closing.close();
    const outcomes = [first.client.unpin(id)];
    await until(() => !isPinned(second));
    outcomes.push(second.client.markAsRead(id));
    await until(() => first.unread === 0);
    await takenOverByTheSecondRow();
    const sent: string[] = [];
    second.client.on("wire", (way, event) => way === "out" && sent.push(event));
    second.client.connect();
    expect(await Promise.all(outcomes)).toEqual([{ ok: true }, { ok: true }]);
    expect(sent.filter((event) => event !== "get_notifications")).toEqual(["pin", "unpin", "mark_read"]);
    first.client.connect();
    await until(() => [first, second].every((tab) => tab.client.getState().pending === 0));
  });

  test("both back at once: nothing is sent twice", async () => {
    const tabs = [await Person.of(server, newUser()), await Person.of(server, user)];
    const ids = [
      await server.send(user, "One"),
      await server.send(user, "Two"),
      await server.send(user, "Three"),
    ];
    await until(() => tabs.every((tab) => tab.unread === 3));
    const sent: string[] = [];
    for (const { client } of tabs) {
      client.on("wire", (way, event) => way === "out" && event === "pin" && sent.push(event));
      client.disconnect();
    }
    const outcomes = ids.flatMap((id) => tabs.map((tab) => tab.client.pin(id)));
    for (const tab of tabs) tab.client.connect();
    await Promise.all(outcomes);
    await until(() => tabs.every((tab) => tab.client.getState().pending === 0));
    expect(sent).toHaveLength(6);
  });

  test("a conflict is told once, by the tab that acted, whichever comes back first", async () => {
    const tabs = [await Person.of(server, newUser()), await Person.of(server, user)];
    const id = await server.send(user, "Told once");
    await until(() => tabs.every((tab) => tab.unread === 1));
    for (const tab of tabs) tab.client.disconnect();
    const snoozed = tabs[0]!.client.snooze(id, { forS: 3600 });
    void tabs[1]!.client.pin(id);
    await until(() => tabs.every((tab) => tab.client.getState().pending === 2));
    const theirs = await snoozedElsewhere(id);
    tabs[1]!.client.connect();
    expect(await snoozed).toMatchObject({ ok: false, code: "CONFLICT" });
    tabs[0]!.client.connect();
    await tabs[0]!.current();
    await until(() => tabs.every((tab) => tab.client.getState().pending === 0));
    expect(tabs.map((tab) => tab.refused.length)).toEqual([1, 0]);
    await until(() => tabs.every((tab) => tab.client.getNotification(id)?.snoozed_until === theirs));
  });
});
