/** The client alone in headless Chromium: real IndexedDB, real tabs, a real network that goes away. */
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { NotifyClient } from "../../src";
import { isKept, launch, storage } from "../support/browser";
import { until } from "../support/device";
import { Server } from "../support/server";

declare global {
  interface Window {
    client: NotifyClient;
    announced: string[];
    Notify: typeof import("../../src");
  }
}

const LONG = 60_000;
let server: Server;
let browser: Browser;
let script: string;
const contexts: BrowserContext[] = [];
let users = 0;

beforeAll(async () => {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      lib: { entry: join(import.meta.dirname, "../../src/index.ts"), formats: ["iife"], name: "Notify" },
    },
  });
  script = (built as { output: { code: string }[] }[])[0]!.output[0]!.code;
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(async () => {
  await browser?.close();
  await server?.remove();
});

async function newContext(): Promise<BrowserContext> {
  const context = await browser.newContext();
  contexts.push(context);
  await context.route("**/blank", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>blank</title>" }),
  );
  return context;
}

/** A tab with a started client of the user. */
async function open(context: BrowserContext, user: string, hasToken = true): Promise<Page> {
  const page = await context.newPage();
  await load(page, user, hasToken);
  return page;
}

async function load(page: Page, user: string, hasToken = true): Promise<void> {
  const token = hasToken ? (await server.session(user)).token : null;
  await page.goto(`${server.url}/blank`);
  await page.addScriptTag({ content: script });
  await page.evaluate(
    async ([name, given]) => {
      window.announced = [];
      const getToken = () => (given === null ? new Promise<string>(() => {}) : given);
      window.client = window.Notify.createNotifyClient({ user: name, getToken, reconnectDelayMax: 500 });
      window.client.on("announce", ({ notification }) => window.announced.push(notification.title));
      await window.client.start();
    },
    [user, token] as const,
  );
  if (hasToken) await until(() => page.evaluate(() => window.client.getState().isCurrent), LONG);
}

const titles = (page: Page) =>
  page.evaluate(() => window.client.getList().notifications.map((item) => item.title));
const unread = (page: Page) => page.evaluate(() => window.client.getState().counts.unread);
const status = (page: Page) => page.evaluate(() => window.client.getState().connection.status);
const newUser = () => `page-${++users}`;

describe("one tab", () => {
  test("a reload shows what is kept before the network answers, and announces nothing again", async () => {
    const [context, user] = [await newContext(), newUser()];
    const page = await open(context, user);
    await server.send(user, "Kept");
    await until(async () => (await unread(page)) === 1, LONG);
    await until(() => isKept(page, "Kept"), LONG);
    await load(page, user, false);
    expect([await titles(page), await unread(page)]).toEqual([["Kept"], 1]);
    await load(page, user);
    expect(await titles(page)).toEqual(["Kept"]);
    await server.send(user, "Next");
    await until(() => page.evaluate(() => window.announced.length > 0), LONG);
    expect(await page.evaluate(() => window.announced)).toEqual(["Next"]);
  });

  test("offline it says so and keeps what is done; back, it is sent and what was missed is there", async () => {
    const [context, user] = [await newContext(), newUser()];
    const page = await open(context, user);
    const id = await server.send(user, "Read offline");
    await until(async () => (await unread(page)) === 1, LONG);
    await context.setOffline(true);
    await until(async () => (await status(page)) === "offline", LONG);
    await page.evaluate((one) => void window.client.markAsRead(one), id);
    await server.send(user, "Meanwhile");
    await context.setOffline(false);
    await until(async () => (await titles(page)).join() === "Meanwhile,Read offline", LONG);
    await until(() => page.evaluate(() => window.client.getState().pending === 0), LONG);
    await until(async () => (await unread(page)) === 1, LONG);
  });

  test("works where WebSocket is blocked", async () => {
    const [context, user] = [await newContext(), newUser()];
    await context.routeWebSocket(/.*/, (socket) => socket.close());
    const page = await open(context, user);
    await server.send(user, "By polling");
    await until(async () => (await titles(page)).includes("By polling"), LONG);
    expect(await page.evaluate(() => window.client.socket?.io.engine.transport.name)).toBe("polling");
  });

  test("no token is in a URL or in any storage", async () => {
    const [context, user] = [await newContext(), newUser()];
    const urls: string[] = [];
    context.on("request", (request) => urls.push(request.url()));
    const page = await open(context, user);
    await server.send(user, "Stored");
    await until(() => isKept(page, "Stored"), LONG);
    const stored = await storage(page);
    const token = /eyJ[\w-]+\.[\w-]+/;
    expect(stored).not.toMatch(token);
    expect(urls.some((url) => url.includes("socket.io"))).toBe(true);
    expect(urls.join("\n")).not.toMatch(token);
  });
});

describe("two tabs", () => {
  test("announce once together and agree on what one of them did", async () => {
    const [context, user] = [await newContext(), newUser()];
    const tabs = [await open(context, user), await open(context, user)];
    const ids = [await server.send(user, "One"), await server.send(user, "Two")];
    for (const tab of tabs) await until(async () => (await unread(tab)) === 2, LONG);
    const all = async () => {
      const heard = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.announced)));
      return heard.flat().sort();
    };
    await until(async () => (await all()).length >= 2, LONG);
    await tabs[0]!.evaluate((id) => window.client.markAsRead(id), ids[0]!);
    for (const tab of tabs) await until(async () => (await unread(tab)) === 1, LONG);
    await tabs[1]!.evaluate(() => window.client.markAllAsRead());
    for (const tab of tabs) await until(async () => (await unread(tab)) === 0, LONG);
    expect(await all()).toEqual(["One", "Two"]);
  });

  test("a logout empties both and deletes what was kept; another user sees nothing", async () => {
    const [context, user] = [await newContext(), newUser()];
    const tabs = [await open(context, user), await open(context, user)];
    await server.send(user, "Private");
    for (const tab of tabs) await until(async () => (await titles(tab)).length === 1, LONG);
    await tabs[0]!.evaluate(() => window.client.logout());
    for (const tab of tabs) await until(async () => (await titles(tab)).length === 0, LONG);
    const kept = () => tabs[1]!.evaluate(async () => (await indexedDB.databases()).length);
    await until(async () => (await kept()) === 0, LONG);
    await load(tabs[0]!, newUser());
    expect(await titles(tabs[0]!)).toEqual([]);
    expect(await unread(tabs[0]!)).toBe(0);
  });
});
