/** The package's client when the server dies, stops, or is not there yet. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { closeEverybody, Person } from "../support/client";
import { until } from "../support/device";
import { Server } from "../support/server";

const LONG = 40_000;
let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterEach(closeEverybody);
afterAll(() => server.remove());

test("after kill -9 nothing is lost, nothing announced twice, and what was done meanwhile is sent", async () => {
  const { token } = await server.session("outage");
  const person = await Person.of(server, "outage", { getToken: () => token });
  const first = await server.send("outage", "Before");
  await until(() => person.unread === 1 && person.announced.length === 1);
  await server.kill();
  await until(() => person.client.getState().connection.status === "reconnecting", LONG);
  const read = person.client.markAsRead(first);
  expect(person.unread).toBe(0);
  await server.run();
  await server.send("outage", "After");
  await until(() => person.titles.join() === "After,Before", LONG);
  expect(await read).toEqual({ ok: true });
  await until(() => person.unread === 1 && person.announced.length === 2);
  expect(person.announced.map(({ notification }) => notification.title)).toEqual(["Before", "After"]);
  expect(Math.min(...person.counts)).toBe(0);
  expect(person.refused).toEqual([]);
});

test("an orderly stop is obeyed, and the return comes by itself", async () => {
  const { token } = await server.session("drained");
  const told: string[] = [];
  const person = new Person(server, "drained", { getToken: () => token });
  person.client.on("wire", (_direction, event) => told.push(event));
  await person.start();
  const stopped = server.stop();
  await until(() => told.includes("reconnect"), LONG);
  await until(() => person.client.getState().connection.status === "reconnecting");
  expect(person.client.getState().connection.reason).toBeTruthy();
  await stopped;
  await server.run();
  await until(() => person.client.getState().isCurrent, LONG);
});
