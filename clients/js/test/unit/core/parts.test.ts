/** The small parts: payloads, links, tokens, jitter, tabs. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { createNotifyClient } from "../../../src";
import { jittered } from "../../../src/core/connection";
import { Emitter } from "../../../src/core/emitter";
import { safeLink, safeMedia } from "../../../src/core/links";
import { BATCH, payloadOf, portions } from "../../../src/core/rows";
import { Tabs } from "../../../src/core/tabs";
import { claimsOf } from "../../../src/core/token";
import { at, fixture, row } from "../../support/wire";

describe("payloads", () => {
  const id = "019b76da-a800-7000-8000-0000000000a1";
  const single = ["mark_read", "mark_unread", "restore", "pin", "unpin", "acknowledge"] as const;
  test.each(single)("%s of one is the fixture's", (verb) => {
    expect(payloadOf(row(verb, [id]))).toEqual(fixture(verb).payload);
  });

  test.each(["mark_seen", "dismiss", "delete"] as const)("%s of many is the fixture's", (verb) => {
    const { payload } = fixture(verb);
    expect(payloadOf(row(verb, payload.ids ?? [payload.notification_id]))).toEqual(
      payload.ids?.length === 1 ? { notification_id: payload.ids[0] } : payload,
    );
  });

  test("with details", () => {
    const { before, tags, notification_type } = fixture("mark_all_read").payload;
    expect(
      payloadOf(row("mark_all_read", ["x"], { detail: { before, tags, type: notification_type } })),
    ).toEqual({ before, tags, type: notification_type });
    expect(payloadOf(row("clicked", [id], { detail: { action: "open" } }))).toEqual(
      fixture("clicked").payload,
    );
    expect(payloadOf(row("snooze", [id], { detail: { until: at(1) } }))).toEqual({
      notification_id: id,
      until: at(1),
    });
    for (const verb of ["subscribe", "unsubscribe"] as const) {
      const { payload } = fixture(verb);
      expect(payloadOf(row(verb, [], { detail: payload }))).toEqual(payload);
    }
  });

  test("as many at once as the server takes, one where it takes one", () => {
    const ids = Array.from({ length: BATCH + 1 }, (_, i) => String(i));
    expect(portions("pin", ids).map((part) => part.length)).toEqual([BATCH, 1]);
    expect(portions("acknowledge", ["a", "b"])).toEqual([["a"], ["b"]]);
    expect(portions("pin", [])).toEqual([]);
  });
});

describe("links", () => {
  const base = "https://site.example/app/";
  test.each([
    ["https://else.example/x", "https://else.example/x"],
    ["http://else.example/", "http://else.example/"],
    ["mailto:a@b.example", "mailto:a@b.example"],
    ["/tasks/1", "https://site.example/tasks/1"],
    ["tasks/1", "https://site.example/app/tasks/1"],
    ["?a=1#b", "https://site.example/app/?a=1#b"],
    ["javascript:alert(1)", null],
    ["JaVaScRiPt:alert(1)", null],
    [" javascript:alert(1)", null],
    ["java\nscript:alert(1)", null],
    ["java\tscript:alert(1)", null],
    ["\u0001javascript:alert(1)", null],
    ["\u00a0javascript:alert(1)", "https://site.example/app/%C2%A0javascript:alert(1)"],
    ["\uff4aavascript:alert(1)", "https://site.example/app/%EF%BD%8Aavascript:alert(1)"],
    ["data:text/html,x", null],
    ["vbscript:x", null],
    ["blob:https://site.example/x", null],
    ["file:///etc/passwd", null],
    ["intent://x", null],
    ["//else.example/x", null],
    ["/\\else.example/x", null],
    ["\\\\else.example", null],
    ["/\t/else.example/x", null],
    ["https:else.example", "https://site.example/app/else.example"],
    ["", null],
    [null, null],
  ])("%j comes to %j", (text, link) => {
    expect(safeLink(text, base)).toBe(link);
  });

  test("a picture is never a mail, nor data", () => {
    expect(safeMedia("mailto:a@b.example", base)).toBeNull();
    expect(safeMedia("data:image/svg+xml,<svg/>", base)).toBeNull();
    expect(safeMedia("/a.png", base)).toBe("https://site.example/a.png");
  });
});

describe("tokens", () => {
  test("their claims are read, whatever characters they have", () => {
    const part = Buffer.from(JSON.stringify({ sub: "Zoë ✓", exp: 5 })).toString("base64url");
    expect(claimsOf(`x.${part}.y`)).toEqual({ sub: "Zoë ✓", exp: 5 });
  });

  test.each(["", "opaque", "a.b.c"])("%j has none", (token) => {
    expect(claimsOf(token)).toEqual({});
  });
});

describe("jitter", () => {
  test("is full: from nothing up to the doubled delay, and never more than the longest", () => {
    expect(jittered(3, 60_000, () => 0)).toBe(0);
    expect(jittered(3, 60_000, () => 1)).toBe(4_000);
    expect(jittered(30, 60_000, () => 1)).toBe(60_000);
  });
});

describe("tabs", () => {
  const open: Tabs[] = [];
  const tab = (id: string) => {
    const one = new Tabs("test-tabs", id, () => {});
    open.push(one);
    return one;
  };
  afterEach(() => open.splice(0).forEach((one) => one.close()));

  test("one of three announces, and a later one does not announce it again", async () => {
    const [a, b, c] = [tab("a"), tab("b"), tab("c")];
    const claims = await Promise.all([a.claim("n1"), b.claim("n1"), c.claim("n1")]);
    expect(claims.filter(Boolean)).toEqual([true]);
    expect(await c.claim("n1")).toBe(false);
    expect(await c.claim("n2")).toBe(true);
  });

  test("a burst is claimed with one message and told with another, and each goes to one tab", async () => {
    const posted = vi.spyOn(BroadcastChannel.prototype, "postMessage");
    const [a, b] = [tab("a"), tab("b")];
    const keys = Array.from({ length: 300 }, (_, n) => `burst ${n}`);
    const claims = await Promise.all([a, b].map((one) => Promise.all(keys.map((key) => one.claim(key)))));
    expect(claims).toEqual([keys.map(() => true), keys.map(() => false)]);
    expect(posted.mock.calls.map(([{ kind }]) => kind)).toEqual(["claim", "claim", "announced"]);
    posted.mockRestore();
  });

  test("those that live answer, those that left do not", async () => {
    const [a, b, c] = [tab("a"), tab("b"), tab("c")];
    c.close();
    await expect.poll(async () => [...(await a.alive())], { timeout: 20_000 }).toEqual(["b"]);
    expect(b.id).toBe("b");
  });

  test("two roll calls at a time take nothing from each other", async () => {
    const overlapping = async () => {
      const [asking, other] = [tab("asking"), tab("other")];
      const first = asking.alive();
      await new Promise((resolve) => setTimeout(resolve, 60));
      other.close();
      const second = asking.alive();
      const found = [(await first).size, (await second).size];
      asking.close();
      return found;
    };
    await expect.poll(overlapping, { timeout: 20_000 }).toEqual([1, 0]);
  });

  test("the one that goes first is closed before it has said so: another one does", async () => {
    const [a, b, c] = [tab("a"), tab("b"), tab("c")];
    const claims = [a, b, c].map((one) => one.claim("n4"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    a.close();
    expect((await Promise.all(claims)).slice(1).filter(Boolean)).toEqual([true]);
  });

  test.each([
    ["there is none", undefined],
    [
      "the browser refuses one",
      class Refusing {
        constructor() {
          throw new DOMException("insecure", "SecurityError");
        }
      },
    ],
  ])("without a channel (%s) each tab is alone, and announces", async (_why, channel) => {
    vi.stubGlobal("BroadcastChannel", channel);
    const a = tab("a");
    expect([await a.claim("n5"), await a.claim("n5")]).toEqual([true, false]);
    expect(await a.alive()).toEqual(new Set());
    vi.unstubAllGlobals();
  });

  test("one that is closed claims nothing", async () => {
    const a = tab("a");
    const claim = a.claim("n3");
    a.close();
    expect(await claim).toBe(false);
  });
});

test("a listener that fails hinders no other, and its error is not swallowed", async () => {
  const emitter = new Emitter<{ said: (word: string) => void }>();
  const heard: string[] = [];
  emitter.on("said", () => {
    throw new Error("of the application");
  });
  const stop = emitter.on("said", (word) => heard.push(word));
  const uncaught = vi.fn();
  vi.stubGlobal("queueMicrotask", (task: () => void) => {
    try {
      task();
    } catch (error) {
      uncaught(error);
    }
  });
  emitter.emit("said", "one");
  stop();
  emitter.emit("said", "two");
  vi.unstubAllGlobals();
  expect(heard).toEqual(["one"]);
  expect(uncaught).toHaveBeenCalledTimes(2);
});

describe("a callback for tokens that hangs", () => {
  afterEach(() => vi.useRealTimers());

  test("is given up after half a minute, told, and asked again", async () => {
    vi.useFakeTimers();
    const getToken = vi.fn(() => new Promise<string>(() => {}));
    const client = createNotifyClient({ user: "42", url: "http://nowhere.example", getToken, cache: false });
    const faults: string[] = [];
    client.on("fault", (message) => faults.push(message));
    await client.start();
    expect(client.getState().connection.status).toBe("connecting");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(faults).toEqual(["getToken failed"]);
    expect(client.getState().connection.status).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(getToken).toHaveBeenCalledTimes(2);
    await client.stop();
    expect(client.getState().connection.status).toBe("offline");
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });
});
