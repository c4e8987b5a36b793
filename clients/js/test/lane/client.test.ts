/** The package's client against the real server: what it shows, keeps, sends and tells. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { closeEverybody, Person } from "../support/client";
import { until } from "../support/device";
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
