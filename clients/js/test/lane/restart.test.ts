/** The server dies and returns; the stock client comes back by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { closeAll, Device, until } from "../support/device";
import { Server } from "../support/server";

const LONG = 60_000;
let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterEach(closeAll);
afterAll(() => server.remove());

const repeated = (ids: string[]) => ids.filter((id, index) => ids.indexOf(id) !== index);

describe.each([["websocket"], ["polling"]])("over %s", (transport) => {
  const options = { transports: [transport] };
  const user = `ann by ${transport}`;

  test("kill -9 loses nothing that was accepted and shows nothing twice", async () => {
    const devices = [await Device.of(server, user, { options }), await Device.of(server, user, { options })];
    const accepted: string[] = [];
    let isSending = true;
    const sender = (async () => {
      for (let n = 0; isSending; n++) {
        // Refused connections are what a dead server looks like; only a 202 is a promise.
        await server.send(user, `Stream ${n}`).then(
          (id) => accepted.push(id),
          () => null,
        );
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    for (let round = 0; round < 2; round++) {
      const before = accepted.length;
      await until(() => accepted.length >= before + 30, LONG);
      await server.kill();
      await server.run();
    }
    const before = accepted.length;
    await until(() => accepted.length >= before + 10, LONG);
    isSending = false;
    await sender;
    for (const device of devices) {
      await until(() => accepted.every((id) => device.shown.includes(id)), LONG);
      expect(repeated(device.shown)).toEqual([]);
    }
  });

  test("an orderly stop is announced; a stock client returns by itself and gets what waited", async () => {
    const device = await Device.of(server, user, { options });
    const advice: { reason: string; after_ms: number }[] = [];
    device.socket.on("reconnect", (told) => advice.push(told));
    await server.stop();
    await until(() => advice.length > 0);
    expect(advice[0]).toMatchObject({ reason: expect.any(String), after_ms: expect.any(Number) });
    await server.run();
    const id = await server.send(user, "After the stop");
    await until(() => device.shown.includes(id), LONG);
    expect(repeated(device.shown)).toEqual([]);
  });
});
