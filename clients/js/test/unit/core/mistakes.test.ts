/** What somebody who begins gets wrong: each mistake is told, with what to do. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createNotifyClient, type ClientOptions } from "../../../src";
import { tokenOf } from "../../../src/core/options";

const fine = { user: "42", url: "http://127.0.0.1:1", getToken: () => "a.b.c", cache: false };
/** More than the second that is the default. */
const WAIT = 20_000;
const made = (wrong: object) => createNotifyClient({ ...fine, ...wrong } as ClientOptions);

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());
const warnings = () => vi.mocked(console.warn).mock.calls.map(String);

test.each([
  [{ user: undefined }, "user must be"],
  [{ user: 42 }, "user must be"],
  [{ user: "" }, "user must be"],
  [{ getToken: "a.b.c" }, "getToken must be a function"],
  [{ url: "notify.example.com" }, "such as https://notify.example.com"],
  [{ url: "ws://notify.example.com" }, "such as https://notify.example.com"],
  [{ url: "https://example.com/base/" }, 'path="/base/socket.io/" and apiPath="/base/api/v1"'],
  [{ namespace: "admin" }, 'namespace must begin with "/"'],
])("a client with %o is refused", (wrong, message) => {
  expect(() => made(wrong)).toThrow(message);
});

test("no options at all are refused in words", () => {
  expect(() => createNotifyClient(undefined as unknown as ClientOptions)).toThrow("{ user, getToken }");
});

test.each(["", "https://example.com/", "https://example.com:8443", undefined])(
  "the url %o will do",
  (url) => {
    expect(() => made({ url })).not.toThrow();
  },
);

test.each([
  [undefined, "nothing"],
  ["", "nothing"],
  ["<!doctype html>", "a page of HTML"],
  ['{"token":"a.b.c"}', "a text that is none"],
  [{ token: "a.b.c" }, "a value of type object"],
])("of %o as a token it is told what it is, and not what is in it", (given, found) => {
  expect(() => tokenOf(given)).toThrow(`getToken must give a JWT, and gave ${found}.`);
});

test("a token may stand on a line of its own", () => {
  expect(tokenOf("a.b.c\n")).toBe("a.b.c");
});

describe("where nobody listens for faults", () => {
  test("the console is told once", async () => {
    const client = made({ getToken: () => "<html>", reconnectDelayMax: 1 });
    await client.start();
    await vi.waitFor(() => expect(client.getState().connection.status).toBe("reconnecting"), WAIT);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await client.stop();
    expect(warnings()).toEqual([
      "notify-client: getToken failed,TypeError: getToken must give a JWT, and gave a page of HTML.",
    ]);
  });

  test("a server that was never reached is named", async () => {
    const client = made({ reconnectDelayMax: 1 });
    await client.start();
    await vi.waitFor(() => expect(warnings()).not.toEqual([]), WAIT);
    await client.stop();
    expect(warnings()[0]).toContain("Is the server at http://127.0.0.1:1?");
  });

  test("a token of somebody else is told with both names", async () => {
    const client = made({ user: "43", getToken: () => `a.${btoa('{"sub":"42"}').replaceAll("=", "")}.c` });
    await client.start();
    await vi.waitFor(() => expect(client.getState().connection.code).toBe("USER_MISMATCH"), WAIT);
    expect(warnings()[0]).toContain('The token is for "42", and user is "43".');
  });

  test("connect before start says that it does nothing", () => {
    made({}).connect();
    expect(warnings()).toEqual(["notify-client: connect() does nothing before start()."]);
  });
});

test("a listener for faults has the console's place", async () => {
  const client = made({});
  const faults: string[] = [];
  client.on("fault", (message) => faults.push(message));
  client.connect();
  expect(faults).toHaveLength(1);
  expect(warnings()).toEqual([]);
});

test("actions that can mean nothing are refused, and never thrown", async () => {
  const client = made({});
  const refused: string[] = [];
  client.on("refused", ({ message }) => refused.push(message));
  const nothing = undefined as unknown as string;
  const outcomes = [
    await client.markAsRead(nothing),
    await client.dismiss(["n1", nothing]),
    await client.snooze("n1", nothing as never),
    await client.snooze("n1", { until: "tomorrow" }),
    await client.snooze("n1", { forS: -5 }),
  ];
  for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, code: "INVALID" });
  expect(refused).toHaveLength(outcomes.length);
  expect(await client.markAsRead([])).toEqual({ ok: true });
});

test("in plain Node a url is needed, which start says", async () => {
  await expect(made({ url: undefined }).start()).rejects.toThrow("url is needed here");
});

test("after a logout an action is refused instead of waiting for ever", async () => {
  const client = made({});
  await client.logout();
  expect(await client.markAsRead("n1")).toMatchObject({ ok: false, code: "LOGGED_OUT" });
  expect(client.getState().pending).toBe(0);
});

test("one that is not held cannot be fetched without a connection", async () => {
  await expect(made({}).fetchNotification("n1")).rejects.toMatchObject({ code: "NOT_CONNECTED" });
});
