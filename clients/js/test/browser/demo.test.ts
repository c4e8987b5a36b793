/** The demo page, and with it the package, in a real browser against the real server. */
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { isKept, launch, Tab } from "../support/browser";
import { Server } from "../support/server";
import { becomes } from "../support/stage";

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
  context = await browser.newContext({ viewport: { width: 1100, height: 900 } });
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

async function openTab(query = ""): Promise<Tab> {
  const tab = await Tab.open(context, server.url, user, query);
  tabs.push(tab);
  return tab;
}

/** Shown at once, kept a moment later: a page that is closed between the two gets it once more. */
const kept = (tab: Tab, title: string) => becomes(() => isKept(tab.page, title), true);
const bell = (tab: Tab, words: string) => becomes(() => tab.bell(), `Notifications, ${words}`);
const toast = (tab: Tab, text: string) => tab.page.locator(".nt-toast", { hasText: text });

/** How many announcements these tabs made together. */
async function announcedBy(...all: Tab[]): Promise<number> {
  const told = await Promise.all(all.map((tab) => tab.announced()));
  return told.reduce((sum, one) => sum + one.all, 0);
}

test("a notification appears live, with bell, toast and title, announced once", async () => {
  const tab = await openTab();
  await server.send(user, "Task complete", { type: "success", priority: "high" });
  await tab.item("Task complete").waitFor();
  await bell(tab, "1 unread");
  await toast(tab, "Task complete").waitFor();
  await becomes(() => tab.page.title(), "(1) notify-server demo");
  await becomes(() => tab.announced(), { all: 1, repeated: 0 });
  expect(await tab.page.locator("[aria-live=polite]").first().textContent()).toContain("Task complete");
});

test("a page closed and opened again shows what it had and gets what waited, once", async () => {
  const first = await openTab();
  await server.send(user, "Before");
  await first.item("Before").waitFor();
  await kept(first, "Before");
  await first.page.close();
  await server.send(user, "Waiting");
  const second = await openTab();
  await second.item("Waiting").waitFor();
  await second.item("Before").waitFor();
  expect(await second.item("Waiting").count()).toBe(1);
  await toast(second, "1 notification came while you were away").waitFor();
  await kept(second, "Waiting");
  await second.page.reload();
  await second.connected();
  await second.item("Waiting").waitFor();
  await becomes(() => second.items.count(), 2);
  expect(await second.announced()).toEqual({ all: 0, repeated: 0 });
});

test("two tabs agree on read, pinned, done and all read", async () => {
  const [a, b] = [await openTab(), await openTab()];
  for (const title of ["One", "Two", "Three"]) await server.send(user, title);
  for (const tab of [a, b]) await tab.item("Three").waitFor();
  await a.page.bringToFront();
  const shows = (attribute: string, value: string) =>
    becomes(() => b.item("One").getAttribute(attribute), value);
  await a.press("One", "Mark read");
  await shows("data-read", "true");
  await a.press("One", "Mark unread");
  await shows("data-read", "false");
  await a.press("One", "Pin");
  await shows("data-pinned", "true");
  await becomes(() => b.pane.locator(".nt-day").allTextContents(), ["Pinned", "Today"]);
  await a.press("Two", "Done");
  await becomes(() => b.item("Two").count(), 0);
  await bell(b, "2 unread");
  await b.page.bringToFront();
  await b.pane.getByRole("button", { name: "Mark all read" }).click();
  await becomes(() => a.item("Three").getAttribute("data-read"), "true");
  await bell(a, "none unread");
  await becomes(() => announcedBy(a, b), 3);
});

test("done, and deleted, can be undone", async () => {
  const tab = await openTab();
  for (const title of ["One", "Two"]) await server.send(user, title);
  await tab.item("Two").waitFor();
  await tab.press("One", "Done");
  await becomes(() => tab.item("One").count(), 0);
  await toast(tab, "Moved to Done").getByRole("button", { name: "Undo" }).click();
  await tab.item("One").waitFor();
  await tab.press("Two", "Delete");
  await becomes(() => tab.item("Two").count(), 0);
  await toast(tab, "Deleted").getByRole("button", { name: "Undo" }).click();
  await tab.item("Two").waitFor();
  await tab.press("Two", "Delete");
  await toast(tab, "Deleted").getByRole("button", { name: "Close" }).click();
  await tab.show("Done");
  await becomes(() => tab.items.count(), 0);
});

test("what was done offline is shown at once and sent on return", async () => {
  const [away, other] = [await openTab(), await openTab("&with=nobody")];
  for (const title of ["One", "Two"]) await server.send(user, title);
  for (const tab of [away, other]) await tab.item("Two").waitFor();
  await away.page.bringToFront();
  await away.setOffline(true);
  await away.press("One", "Mark read");
  await away.press("Two", "Done");
  await bell(away, "none unread");
  await server.send(user, "Meanwhile");
  await away.setOffline(false);
  await away.item("Meanwhile").waitFor();
  await becomes(() => other.item("One").getAttribute("data-read"), "true");
  await becomes(() => other.item("Two").count(), 0);
  for (const tab of [away, other]) await bell(tab, "1 unread");
});

test("two users see their own and only their own", async () => {
  const tab = await openTab(`&with=${user}-b`);
  const other = tab.page.locator(`.pane[data-user="${user}-b"]`);
  await server.send(user, "For the first");
  await server.send(`${user}-b`, "For the second");
  await tab.item("For the first").waitFor();
  await other.locator("article", { hasText: "For the second" }).waitFor();
  expect([await tab.items.count(), await other.locator("article").count()]).toEqual([1, 1]);
});

test("a progress bar fills in place, and ends full on a tab that was away", async () => {
  const [here, away] = [await openTab(), await openTab()];
  await away.setOffline(true);
  await here.page.getByRole("button", { name: "Progress bar" }).click();
  const done = "Caption archive exported";
  await here.item(done).waitFor({ timeout: 20_000 });
  expect(await here.items.count()).toBe(1);
  await away.setOffline(false);
  await away.item(done).waitFor();
  for (const tab of [here, away]) {
    expect(await tab.item(done).getByRole("progressbar").getAttribute("value")).toBe("100");
    expect(await tab.item(done).getAttribute("data-revision")).toBe("20");
    expect(await tab.items.count()).toBe(1);
  }
});

test("markup stays text, and only safe links can be followed (S13)", async () => {
  const tab = await openTab();
  const markup = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
  const message = `<b>${markup}</b> [no](javascript:alert(3)) [no](data:text/html,x) [yes](https://a.example/)`;
  await server.send(user, markup, { message, sender: { id: "1", name: markup } });
  await server.send(user, "Linked", { action_url: "/tasks/1", action_label: "<i>Go</i>" });
  await tab.item(markup).waitFor();
  expect(await tab.item(markup).locator(".nt-message").textContent()).toContain(`<b>${markup}</b>`);
  const links = await tab
    .item(markup)
    .locator("a")
    .evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  expect(links).toEqual(["https://a.example/"]);
  const link = tab.item("Linked").getByRole("link", { name: "<i>Go</i>" });
  expect(await link.getAttribute("href")).toBe(`${server.url}/tasks/1`);
  expect(await link.getAttribute("rel")).toContain("noopener");
  await link.click();
  await tab.page.locator(".clicked", { hasText: "/tasks/1" }).waitFor();
  expect(await tab.pane.locator("article :is(img, script, b, i)").count()).toBe(0);
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
  await page.locator('.pane[data-status="connected"]').waitFor();
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("'self'");
  expect(policy).not.toContain("unsafe");
  expect([...hosts]).toEqual([new URL(server.url).host]);
});

test("the form sends, asks for the confirmation, and shows a refusal with its path", async () => {
  const tab = await openTab();
  const send = tab.page.getByRole("button", { name: "Send", exact: true });
  await tab.page.getByLabel("Title").fill("From the form");
  await tab.page.locator("form").getByLabel("Priority").selectOption("critical");
  await tab.page.getByLabel("Ask for acknowledgment").check();
  await send.click();
  const dialog = tab.page.getByRole("alertdialog");
  await dialog.getByText("From the form").waitFor();
  // What was sent may be there before the answer to whoever sent it.
  await tab.page.locator(".answer", { hasText: "202 accepted" }).waitFor();
  expect(await tab.axe()).toEqual([]);
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await tab.item("From the form").getByText("Acknowledged").waitFor();
  await bell(tab, "none unread");
  await tab.page.getByLabel("Title").fill("");
  await send.click();
  await tab.page.locator('.answer[data-good="false"]').waitFor();
  expect(await tab.page.locator(".answer").textContent()).toMatch(/422 [A-Z_]+ .*title/);
});

test("what is not stored is a toast and no more", async () => {
  const tab = await openTab();
  await server.send(user, "Passing by", { persist: false });
  await toast(tab, "Passing by").waitFor();
  expect(await tab.items.count()).toBe(0);
  await bell(tab, "none unread");
});

test("snoozed from the menu, and dropped on Pinned and Done by mouse", async () => {
  const tab = await openTab();
  for (const title of ["One", "Two", "Three"]) await server.send(user, title);
  await tab.item("Three").waitFor();
  await tab.snooze("One", "In an hour");
  await becomes(() => tab.item("One").count(), 0);
  const drag = async (title: string, zone: string) => {
    await tab.item(title).locator(".nt-message").hover();
    await tab.page.mouse.down();
    await tab.page.mouse.move(700, 500, { steps: 5 });
    await tab.pane.locator(`[data-drop=${zone}]`).hover();
    await tab.pane.locator(`[data-drop=${zone}]`).hover();
    await tab.page.mouse.up();
  };
  await drag("Two", "pin");
  await becomes(() => tab.item("Two").getAttribute("data-pinned"), "true");
  await drag("Three", "check");
  await becomes(() => tab.item("Three").count(), 0);
  await tab.show("Snoozed");
  await tab.item("One").getByText("Snoozed until").waitFor();
});

test("types that are off are neither announced nor counted", async () => {
  const tab = await openTab();
  await tab.pane.getByRole("button", { name: "Notification settings" }).click();
  const success = tab.pane.getByRole("switch", { name: "Success" });
  await success.click();
  await becomes(() => success.getAttribute("aria-checked"), "false");
  expect(await tab.pane.getByRole("switch", { name: "Security", exact: true }).isDisabled()).toBe(true);
  expect(await tab.axe()).toEqual([]);
  await tab.pane.getByRole("button", { name: "Back to the list" }).click();
  await server.send(user, "Unwanted", { type: "success" });
  await server.send(user, "Wanted");
  await tab.item("Wanted").waitFor();
  await bell(tab, "1 unread");
  await becomes(() => tab.announced(), { all: 1, repeated: 0 });
});

test("filters and search narrow the list, and say so when nothing is left", async () => {
  const tab = await openTab();
  await server.send(user, "A fault", { type: "error", priority: "urgent", source: "disk" });
  await server.send(user, "A success", { type: "success" });
  await tab.item("A success").waitFor();
  await tab.pane.getByRole("button", { name: "Filters" }).click();
  await tab.pane.getByLabel("Type").selectOption("error");
  await becomes(() => tab.items.count(), 1);
  await tab.item("A fault").waitFor();
  await tab.pane.getByRole("searchbox").fill("nowhere");
  await tab.pane.getByRole("heading", { name: "Nothing found" }).waitFor();
  expect(await tab.axe()).toEqual([]);
  await tab.pane.getByRole("button", { name: "Clear filters" }).click();
  await becomes(() => tab.items.count(), 2);
});

test("everything can be done from the keyboard, and the focus comes back", async () => {
  const tab = await openTab();
  for (const title of ["First", "Second", "Third"]) await server.send(user, title);
  await tab.item("Third").waitFor();
  const { keyboard } = tab.page;
  const popover = tab.pane.getByRole("dialog");
  const focused = () =>
    tab.page.evaluate(
      () => document.activeElement?.querySelector(":scope > .nt-body .nt-title")?.textContent ?? null,
    );
  await tab.pane.locator(".nt-bell-button").focus();
  await keyboard.press("Enter");
  await popover.waitFor();
  for (let n = 0; (await focused()) === null && n < 12; n++) await keyboard.press("Tab");
  expect(await focused()).toBe("Third");
  await keyboard.press("ArrowDown");
  await becomes(focused, "Second");
  await keyboard.press("p");
  await becomes(() => tab.item("Second").first().getAttribute("data-pinned"), "true");
  await becomes(focused, "Second");
  await keyboard.press("s");
  await keyboard.press("Enter");
  await becomes(() => tab.item("Second").count(), 0);
  await becomes(focused, "Third");
  await keyboard.press("x");
  await keyboard.press("Shift+ArrowDown");
  await popover.getByText("2 selected").waitFor();
  await keyboard.press("d");
  await becomes(() => tab.items.locator(".nt-title").allTextContents(), []);
  await keyboard.press("Escape");
  await becomes(() => popover.count(), 0);
  expect(await tab.page.evaluate(() => document.activeElement?.className)).toBe("nt-bell-button");
});

test("thousands of notifications scroll, older ones come on the way down", async () => {
  const items = Array.from({ length: 250 }, (_, n) => ({ to: user, title: `Number ${n}`, message: "m" }));
  expect((await server.post("/notifications/bulk", { items })).status).toBeLessThan(300);
  const tab = await openTab();
  await tab.item("Number 249").waitFor();
  await becomes(() => tab.bell(), "Notifications, 250 unread");
  expect(await tab.pane.locator(".nt-badge").textContent()).toBe("99+");
  await tab.item("Number 249").focus();
  await vi.waitFor(
    async () => {
      await tab.page.keyboard.press("End");
      expect(await tab.item("Number 0").count()).toBe(1);
    },
    { timeout: 20_000, interval: 200 },
  );
  expect(await tab.items.count()).toBeLessThan(60);
});

test("axe finds nothing: empty, filled, dark, right to left, popover, selection, toasts", async () => {
  const tab = await openTab(`&with=${user}-b`);
  expect(await tab.axe()).toEqual([]);
  for (const scene of ["Task complete", "Mention", "With a picture", "Security", "HTML stays text"]) {
    await tab.page.getByRole("button", { name: scene, exact: true }).click();
  }
  await tab.item("Your weekly report is here").waitFor();
  // The last to come: one that comes while axe looks is faint still.
  await toast(tab, "alert(2)").waitFor();
  await tab.item("Ada mentioned you").focus();
  await tab.page.keyboard.press("x");
  expect(await tab.axe()).toEqual([]);
  for (const theme of ["dark", "light"]) {
    for (const language of ["ar", "de"]) {
      await tab.page.getByRole("combobox", { name: "Theme" }).selectOption(theme);
      await tab.page.getByRole("combobox", { name: "Language" }).selectOption(language);
      await tab.pane.locator(".nt-bell-button").click();
      expect(await tab.axe()).toEqual([]);
      await tab.page.keyboard.press("Escape");
    }
  }
});

test("after kill -9 and a restart nothing is lost and nothing is announced twice", async () => {
  const [a, b] = [await openTab(), await openTab()];
  await b.setOffline(true);
  const titles: string[] = [];
  const sendSome = async (words: string) => {
    for (let n = 1; n <= 4; n++) {
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
    await tab.connected(30_000);
    for (const title of titles) await tab.item(title).first().waitFor({ state: "attached" });
  }
  // A tab is shown something before it knows that no other one announces it.
  await becomes(async () => (await announcedBy(a, b)) >= titles.length, true);
  for (const tab of [a, b]) expect((await tab.announced()).repeated).toBe(0);
});
