/** The page's own connection against the real server: tokens, drains, refusals. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Connection, Refused, type Status } from "../../demo/connection";
import { until } from "../support/device";
import { Server } from "../support/server";

let server: Server;
let connection: Connection | undefined;
beforeAll(async () => {
  server = await Server.start();
});
afterEach(() => connection?.close());
afterAll(() => server.remove());

interface Watched {
  connection: Connection;
  statuses: [Status, string][];
  wire: string[];
  renewals: () => number;
}

/** A connection that begins with `token`, and gets good ones when it asks. */
async function connecting(user: string, token: string, renewed?: () => string): Promise<Watched> {
  const session = await server.session(user);
  const statuses: [Status, string][] = [];
  const wire: string[] = [];
  let renewals = 0;
  connection = new Connection(
    { ...session, token },
    {
      url: server.url,
      deviceId: "test",
      cursor: () => null,
      renewSession: async () => {
        renewals++;
        return { ...session, token: renewed?.() ?? session.token };
      },
      onStatus: (status, why) => statuses.push([status, why]),
      onWire: (_direction, event) => wire.push(event),
    },
  );
  connection.open();
  return { connection, statuses, wire, renewals: () => renewals };
}

const isNow = (watched: Watched, status: Status) => watched.statuses.at(-1)?.[0] === status;

test("an expired token is renewed and the connection made", async () => {
  const watched = await connecting("eva", server.token("eva", -30));
  await until(() => isNow(watched, "connected"));
  expect(watched.renewals()).toBe(1);
});

test("a token that is refused even after renewal is final, with its code", async () => {
  const watched = await connecting("eva", "nonsense", () => "still nonsense");
  await until(() => isNow(watched, "refused"));
  expect(watched.statuses.at(-1)?.[1]).toContain("TOKEN_INVALID");
  expect(watched.renewals()).toBe(1);
});

test("a token about to expire is replaced while the connection stays", async () => {
  const watched = await connecting("eva", server.token("eva", 6));
  await until(() => watched.wire.includes("token_expiring"));
  await until(() => watched.wire.includes("refresh_token (answer)"));
  const { id } = watched.connection.socket;
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  expect(watched.connection.socket.id).toBe(id);
  expect(watched.statuses.map(([status]) => status)).toEqual(["connecting", "connected"]);
});

test("asking without a connection, and asking nonsense, are refused with a code", async () => {
  const watched = await connecting("eva", server.token("eva", 60));
  await until(() => isNow(watched, "connected"));
  const unknown = { notification_id: "01900000-0000-7000-8000-000000000000" };
  await expect(watched.connection.ask("mark_read", unknown)).rejects.toMatchObject({ code: "NOT_FOUND" });
  watched.connection.close();
  expect(isNow(watched, "offline")).toBe(true);
  const asked = watched.connection.ask("mark_read", unknown);
  await expect(asked).rejects.toSatisfy(
    (error) => error instanceof Refused && error.code === "NOT_CONNECTED",
  );
});

test("a drain sends it away, and it returns when the server is back", async () => {
  const watched = await connecting("eva", server.token("eva", 600));
  await until(() => isNow(watched, "connected"));
  await server.stop();
  await until(() => isNow(watched, "reconnecting"));
  await server.run();
  await until(() => isNow(watched, "connected"), 20_000);
});
