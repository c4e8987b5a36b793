/** The stock client over each of its transports. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { closeAll, Device, until } from "../support/device";
import { Server } from "../support/server";

let server: Server;
let users = 0;
beforeAll(async () => {
  server = await Server.start();
});
afterEach(closeAll);
afterAll(() => server.remove());

const WAYS = [
  ["websocket only", ["websocket"], "websocket"],
  ["polling only", ["polling"], "polling"],
  ["the default, polling then upgraded", undefined, "websocket"],
] as const;

describe.each(WAYS)("%s", (_what, transports, last) => {
  const options = transports === undefined ? {} : { transports: [...transports] };
  let user = "";
  beforeEach(() => {
    user = `person-${++users}`;
  });

  test("connects, gets the first count and a finished replay", async () => {
    const device = await Device.of(server, user, { options });
    expect(device.counts[0]).toMatchObject({ count: 0, unseen: 0 });
    expect(device.replays[0]).toMatchObject({ recovered: true, count: 0 });
    await until(() => device.socket.io.engine.transport.name === last);
  });

  test("receives live, counts, and its callback is the delivery", async () => {
    const device = await Device.of(server, user, { options });
    const id = await server.send(user, "Live", { data: { task_id: "1" }, tags: ["task"] });
    await until(() => device.shown.includes(id));
    expect(device.frames[0]?.replayed).toBeFalsy();
    expect(device.frames[0]?.notification).toMatchObject({ data: { task_id: "1" }, tags: ["task"] });
    await until(() => device.counts.at(-1)?.count === 1);
    await until(async () => (await server.status(id, user)) === "delivered");
  });

  test("gets large and many notifications whole and in order", async () => {
    const device = await Device.of(server, user, { options });
    const titles = Array.from({ length: 40 }, (_, n) => `Many ${n}`);
    for (const title of titles) await server.send(user, title, { message: "\u00e9\u{1f514}".repeat(1000) });
    await until(() => device.frames.length === titles.length);
    expect(device.titles).toEqual(titles);
    expect(device.frames[0]?.notification.message).toBe("\u00e9\u{1f514}".repeat(1000));
    expect(new Set(device.shown).size).toBe(titles.length);
  });
});
