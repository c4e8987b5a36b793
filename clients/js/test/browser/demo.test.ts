/** The demo page in a real browser, against the real server. */
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { launch, Tab } from "../support/browser";
import { Server } from "../support/server";

const ONCE = { shown: "1", dup: "0" };

let server: Server;
let browser: Browser;
let context: BrowserContext;
let tabs: Tab[] = [];
let users = 0;
let user = "";

beforeAll(async () => {
  server = await Server.start();
  browser = await launch();
});
beforeEach(async () => {
  context = await browser.newContext();
  user = `visitor-${++users}`;
});
afterEach(async () => {
  const faults = tabs.flatMap((tab) => tab.faults);
  tabs = [];
  await context.close();
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await server.remove();
});

async function openTab(): Promise<Tab> {
  const tab = await Tab.open(context, server.url, user);
  tabs.push(tab);
  return tab;
}

/** Waits until `read` gives `wanted`. */
async function becomes(read: () => Promise<unknown>, wanted: unknown, timeout = 5_000): Promise<void> {
  await vi.waitFor(async () => expect(await read()).toEqual(wanted), { timeout, interval: 25 });
}

const bell = (tab: Tab, words: string) => becomes(() => tab.bell(), `Notifications, ${words}`);

test("a notification appears live, with bell, toast and title, announced once", async () => {
  const tab = await openTab();
  await server.send(user, "Task complete", { type: "success", priority: "high" });
  await tab.item("Task complete").waitFor();
  await bell(tab, "1 unread");
  expect(await tab.page.locator(".toast strong").allTextContents()).toEqual(["Task complete"]);
  expect(await tab.page.title()).toBe("(1) notify-server demo");
  expect(await tab.announced("Task complete")).toEqual(ONCE);
  expect(await tab.item("Task complete").getAttribute("data-replayed")).toBe("false");
});

test("a page closed and opened again gets what waited, once, marked replayed", async () => {
  const first = await openTab();
  await server.send(user, "Before");
  await first.item("Before").waitFor();
  await first.page.close();
  await server.send(user, "Waiting");
  const second = await openTab();
  await second.item("Waiting").waitFor();
  await second.item("Before").waitFor();
  expect(await second.item("Waiting").getAttribute("data-replayed")).toBe("true");
  expect(await second.announced("Waiting")).toEqual(ONCE);
  expect(await second.announced("Before")).toEqual(ONCE);
  expect(await second.item("Waiting").count()).toBe(1);
  await second.page.close();
  const third = await openTab();
  await third.item("Waiting").waitFor();
  expect(await third.announced("Waiting")).toEqual(ONCE);
});

test("two tabs agree within a second on read, pinned, dismissed and all read", async () => {
  const [a, b] = [await openTab(), await openTab()];
  for (const title of ["One", "Two", "Three"]) await server.send(user, title);
  for (const tab of [a, b]) await tab.item("Three").waitFor();
  const shows = (attribute: string, value: string) =>
    becomes(() => b.item("One").getAttribute(attribute), value, 1_000);
  await a.press("One", "Mark read");
  await shows("data-read", "true");
  await a.press("One", "Mark unread");
  await shows("data-read", "false");
  await a.press("One", "Pin");
  await shows("data-pinned", "true");
  await becomes(() => b.page.locator(".day").allTextContents(), ["Pinned", "Today"], 1_000);
  await a.press("Two", "Dismiss");
  await becomes(() => b.item("Two").count(), 0, 1_000);
  await bell(b, "2 unread");
  await b.page.getByRole("button", { name: "Mark all read" }).click();
  await becomes(() => a.item("Three").getAttribute("data-read"), "true", 1_000);
  await bell(a, "none unread");
  await a.press("Three", "Delete");
  await becomes(() => b.item("Three").count(), 0, 1_000);
});

test("a progress bar fills in place, and ends full on a tab that was away", async () => {
  const [here, away] = [await openTab(), await openTab()];
  await away.setOffline(true);
  await here.page.getByRole("button", { name: "Run a progress bar" }).click();
  const done = "Caption archive exported";
  await here.item(done).waitFor({ timeout: 20_000 });
  expect(await here.page.locator("article").count()).toBe(1);
  await away.setOffline(false);
  await away.item(done).waitFor();
  for (const tab of [here, away]) {
    expect(await tab.item(done).getByRole("progressbar").getAttribute("value")).toBe("100");
    expect(await tab.item(done).getAttribute("data-revision")).toBe("20");
    expect(await tab.page.locator("article").count()).toBe(1);
    expect(await tab.announced(done)).toEqual(ONCE);
  }
});

test("markup stays text, and only safe links can be followed (S13)", async () => {
  const tab = await openTab();
  const markup = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
  await server.send(user, markup, { message: `<b>${markup}</b>`, sender: { id: "1", name: markup } });
  await server.send(user, "Linked", { action_url: "/tasks/1", action_label: "<i>Go</i>" });
  await tab.item(markup).waitFor();
  expect(await tab.item(markup).locator(".message").textContent()).toBe(`<b>${markup}</b>`);
  const link = tab.item("Linked").getByRole("link", { name: "<i>Go</i>" });
  expect(await link.getAttribute("href")).toBe(`${server.url}/tasks/1`);
  expect(await link.getAttribute("rel")).toContain("noopener");
  expect(await tab.page.locator("body img, body script, body b i, article i, article b").count()).toBe(0);
  for (const url of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "java\tscript:alert(1)"]) {
    const body = { to: user, title: "Bad", message: "link", action_url: url };
    const { status, body: problem } = await server.post("/notifications", body);
    expect([status, problem.errors?.[0]?.path]).toEqual([422, "action_url"]);
  }
});

test("the page loads nothing from elsewhere and allows nothing inline", async () => {
  const page = await context.newPage();
  const hosts = new Set<string>();
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  const answer = await page.goto(`${server.url}/demo/?user=${user}`);
  await page.locator('.status[data-status="connected"]').waitFor();
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("'self'");
  expect(policy).not.toContain("unsafe");
  expect([...hosts]).toEqual([new URL(server.url).host]);
});

test("the form sends, shows the answer, and shows a refusal with its path", async () => {
  const tab = await openTab();
  const send = tab.page.getByRole("button", { name: "Send", exact: true });
  await tab.page.getByLabel("Title").fill("From the form");
  await tab.page.getByLabel("Priority").selectOption("critical");
  await tab.page.getByLabel("Ask for acknowledgment").check();
  await send.click();
  await tab.item("From the form").waitFor();
  expect(await tab.page.locator(".answer").textContent()).toContain("202 accepted");
  await tab.press("From the form", "Acknowledge");
  await tab.item("From the form").getByText("Acknowledged").waitFor();
  await bell(tab, "none unread");
  await tab.page.getByLabel("Title").fill("");
  await send.click();
  await tab.page.locator(".answer.bad").waitFor();
  expect(await tab.page.locator(".answer").textContent()).toMatch(/422 [A-Z_]+ .*title/);
});

test("what is not stored is a toast and no more", async () => {
  const tab = await openTab();
  await server.send(user, "Passing by", { persist: false });
  await tab.page.locator(".toast", { hasText: "Passing by" }).waitFor();
  expect(await tab.page.locator("article").count()).toBe(0);
  await bell(tab, "none unread");
});

test("a snoozed one leaves and comes back as new", async () => {
  const tab = await openTab();
  await server.send(user, "Later");
  await tab.item("Later").waitFor();
  await tab.press("Later", "Mark read");
  await tab.press("Later", "Snooze for 10 seconds");
  await becomes(() => tab.item("Later").count(), 0);
  await tab.item("Later").waitFor({ timeout: 20_000 });
  expect(await tab.item("Later").getAttribute("data-read")).toBe("false");
  expect(await tab.announced("Later")).toEqual(ONCE);
});

test("everything can be done from the keyboard", async () => {
  const tab = await openTab();
  for (const title of ["First", "Second"]) await server.send(user, title);
  await tab.item("Second").waitFor();
  await tab.page.locator(".bell").focus();
  await tab.page.keyboard.press("Enter");
  const focused = () => tab.page.evaluate(() => document.activeElement?.querySelector(".title")?.textContent);
  await becomes(focused, "Second");
  await tab.page.keyboard.press("ArrowDown");
  await becomes(focused, "First");
  await tab.page.keyboard.press("p");
  await becomes(() => tab.item("First").getAttribute("data-pinned"), "true");
  await tab.item("Second").focus();
  await tab.page.keyboard.press("d");
  await becomes(() => tab.item("Second").count(), 0);
  await becomes(focused, "First");
});

test("after kill -9 and a restart nothing is lost and nothing is announced twice", async () => {
  const [a, b] = [await openTab(), await openTab()];
  await b.setOffline(true);
  const titles: string[] = [];
  const sendSome = async (words: string) => {
    for (let n = 1; n <= 10; n++) {
      await server.send(user, `${words} ${n}`);
      titles.push(`${words} ${n}`);
    }
  };
  for (const words of ["Before", "Between", "After"]) {
    await sendSome(words);
    if (words === "After") break;
    await server.kill();
    await server.run();
  }
  await b.setOffline(false);
  for (const tab of [a, b]) {
    await tab.connected();
    for (const title of titles) await tab.item(title).waitFor();
    expect(await tab.page.locator("article").count()).toBe(titles.length);
    const shown = await tab.page.locator("article").evaluateAll((all) => all.map((one) => one.dataset.shown));
    expect(new Set(shown)).toEqual(new Set(["1"]));
    expect((await tab.announced("Before 1")).dup).toBe("0");
  }
});
