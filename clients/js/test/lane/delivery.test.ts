/** What the contract promises a stock client: replay, cursors, acks, states of two sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { closeAll, Device, until } from "../support/device";
import { Server } from "../support/server";

let server: Server;
let users = 0;
let user = "";
beforeAll(async () => {
  server = await Server.start();
});
afterEach(closeAll);
afterAll(() => server.remove());

/** Nobody's history reaches into another test. */
function newUser(): string {
  user = `person-${++users}`;
  return user;
}

describe("replay", () => {
  test("what was sent while away comes once on return, marked replayed", async () => {
    const device = await Device.of(server, newUser());
    device.socket.disconnect();
    const id = await server.send(user, "Waiting");
    await device.connect();
    expect(device.frames).toMatchObject([{ notification: { id, title: "Waiting" }, replayed: true }]);
    expect(device.replays.at(-1)).toMatchObject({ recovered: true, count: 1 });
  });

  test("what one device acknowledged is not replayed to a new one without cursor", async () => {
    const first = await Device.of(server, newUser());
    const id = await server.send(user, "Had");
    await until(async () => (await server.status(id, user)) === "delivered");
    first.close();
    const second = await Device.of(server, user);
    expect(second.frames).toEqual([]);
    const page = await second.ask("get_notifications", { limit: 10 });
    expect(page.items.map((item: { id: string }) => item.id)).toEqual([id]);
  });

  test("a frame that was never acknowledged comes again", async () => {
    const deaf = await Device.of(server, newUser(), { isAcking: false });
    const id = await server.send(user, "Unconfirmed");
    await until(() => deaf.frames.length > 0);
    expect(await server.status(id, user)).not.toBe("delivered");
    deaf.close();
    const device = await Device.of(server, user);
    expect(device.frames.map((frame) => frame.notification.id)).toEqual([id]);
  });
});

describe("cursor", () => {
  test("a device with its cursor gets what another one already had", async () => {
    const away = await Device.of(server, newUser());
    away.socket.disconnect();
    const other = await Device.of(server, user);
    const id = await server.send(user, "Meanwhile");
    await until(() => other.shown.includes(id));
    await away.connect();
    await until(() => away.shown.includes(id));
  });

  test("coming back at once shows nothing a second time", async () => {
    const device = await Device.of(server, newUser());
    const ids = [await server.send(user, "One"), await server.send(user, "Two")];
    await until(() => device.shown.length === 2);
    for (let time = 0; time < 3; time++) {
      device.socket.disconnect();
      await device.connect();
    }
    expect(device.shown).toEqual(ids);
  });

  test("states and removals that were missed come with it", async () => {
    const away = await Device.of(server, newUser());
    const [read, gone] = [await server.send(user, "Read"), await server.send(user, "Gone")];
    await until(() => away.shown.length === 2);
    away.socket.disconnect();
    const other = await Device.of(server, user);
    await other.ask("mark_read", { notification_id: read });
    await other.ask("delete", { notification_id: gone });
    await away.connect();
    await until(() => away.removals.some((removed) => removed.ids.includes(gone)));
    await until(() => away.updates.some((u) => u.ids?.includes(read) === true && u.changes.is_read === true));
  });

  test("one that nobody knows is answered with a list to fetch", async () => {
    await server.send(newUser(), "Before");
    const device = await Device.of(server, user, { auth: { cursor: "not-a-cursor" } });
    expect(device.replays[0]?.recovered).toBe(false);
  });
});

describe("two sockets of one user", () => {
  test("both get it, each state reaches the other, the counts agree", async () => {
    const [a, b] = [await Device.of(server, newUser()), await Device.of(server, user)];
    const id = await server.send(user, "Shared");
    await until(() => a.shown.includes(id) && b.shown.includes(id));
    expect(await a.ask("mark_read", { notification_id: id })).toMatchObject({ ok: true });
    await until(() => b.updates.some((u) => u.changes.is_read === true));
    await until(() => a.counts.at(-1)?.count === 0 && b.counts.at(-1)?.count === 0);
    await b.ask("pin", { notification_id: id });
    await until(() => a.updates.some((u) => typeof u.changes.pinned_at === "string"));
    await a.ask("delete", { ids: [id] });
    await until(() => b.removals.some((removed) => removed.ids.includes(id)));
  });

  test("mark all read names itself once, not every id", async () => {
    const [a, b] = [await Device.of(server, newUser()), await Device.of(server, user)];
    const ids = [await server.send(user, "One"), await server.send(user, "Two")];
    await until(() => b.shown.length === 2);
    await a.ask("mark_all_read", { before: ids[0] });
    await until(() => b.updates.length > 0);
    await until(() => b.counts.at(-1)?.count === 1);
  });
});

test("the first count of a connection is true while another one changes it", async () => {
  const other = await Device.of(server, newUser());
  const id = await server.send(user, "Counted");
  await until(() => other.counts.at(-1)?.count === 1);
  for (const [verb, count] of [
    ["mark_read", 0],
    ["mark_unread", 1],
    ["mark_read", 0],
  ] as const) {
    await other.ask(verb, { notification_id: id });
    expect((await Device.of(server, user)).counts[0]?.count).toBe(count);
  }
});

describe("the socket's own answers", () => {
  test("a foreign or unknown id is NOT_FOUND and leaves the connection", async () => {
    const mine = await server.send(newUser(), "Mine");
    const stranger = await Device.of(server, "stranger");
    expect(await stranger.ask("mark_read", { notification_id: mine })).toMatchObject({
      ok: false,
      error: { code: "NOT_FOUND" },
    });
    expect(stranger.socket.connected).toBe(true);
  });

  test("bad input is refused with its path", async () => {
    const device = await Device.of(server, newUser());
    const answer = await device.ask("snooze", { notification_id: 7 });
    expect(answer).toMatchObject({
      ok: false,
      error: { code: expect.any(String), message: expect.any(String) },
    });
  });

  test("unstored notifications come to whoever is there and nobody else", async () => {
    const device = await Device.of(server, newUser());
    await server.send(user, "Now or never", { persist: false });
    await until(() => device.titles.includes("Now or never"));
    const later = await Device.of(server, user);
    expect(later.frames).toEqual([]);
    expect((await later.ask("get_notifications", {})).items).toEqual([]);
  });
});

describe("refusals", () => {
  const refusal = (auth: Record<string, unknown>, namespace = "/") =>
    new Promise<{ data?: { code?: string } }>((resolve) => {
      const device = new Device(server.url, auth, { namespace });
      device.socket.on("connect_error", resolve);
      device.socket.connect();
    });

  test.each([
    ["none", () => ({}), "TOKEN_MISSING"],
    ["nonsense", () => ({ token: "nonsense" }), "TOKEN_INVALID"],
    ["another secret", () => ({ token: server.token("x", 60, "s".repeat(40)) }), "TOKEN_INVALID"],
    ["an old one", () => ({ token: server.token("x", -30) }), "TOKEN_EXPIRED"],
  ])("with %s the code is told", async (_what, auth, code) => {
    expect((await refusal(auth())).data?.code).toBe(code);
  });

  test("without the role the admin line is closed", async () => {
    const { token } = await server.session("nobody");
    expect((await refusal({ token }, "/admin")).data?.code).toBe("FORBIDDEN_NAMESPACE");
  });

  test("the aliases of the user line are the same line", async () => {
    const alias = await Device.of(server, newUser(), { namespace: "/ws/notifications" });
    const id = await server.send(user, "By another name");
    await until(() => alias.shown.includes(id));
  });
});
