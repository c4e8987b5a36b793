/** What one person at one browser meets: a slow line, two tabs, sound, the desktop, a small screen. */
import type { BrowserContext, Locator } from "playwright-core";
import { expect, test } from "vitest";
import type { Tab } from "../support/browser";
import { becomes, Stage } from "../support/stage";

declare global {
  interface Window {
    /** What the page really did, counted by scripts that run before it. */
    tones: number;
    mostToasts: number;
    asked: number;
    desktop: { title: string; onclick: (() => void) | null }[];
    isAway: boolean;
  }
}

const stage = Stage.set();
const MANY = 120;
/** What the cache has room for: so far down the list is fetched at once. */
const KEPT = 200;
const TONES = { normal: 2, critical: 3 };

/** Counts the tones that are started. */
const EARS = () => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (when) {
    window.tones++;
    start.call(this, when);
  };
};

/** The most toasts that were there at a time. */
const MOST_TOASTS = () => {
  window.mostToasts = 0;
  new MutationObserver(() => {
    window.mostToasts = Math.max(window.mostToasts, document.querySelectorAll(".nt-toast").length);
  }).observe(document, { childList: true, subtree: true });
};

/** A desktop that has not been asked yet and says yes; the page can be told that nobody looks at it. */
const DESKTOP = () => {
  window.asked = 0;
  window.desktop = [];
  class Shown {
    static permission = "default";
    static async requestPermission() {
      window.asked++;
      return (Shown.permission = "granted");
    }
    onclick: (() => void) | null = null;
    constructor(readonly title: string) {
      window.desktop.push(this);
    }
    close() {}
  }
  Object.assign(globalThis, { Notification: Shown });
  Object.defineProperty(Document.prototype, "hidden", { get: () => window.isAway === true });
};

/** A page that gives nothing a height. */
const UNLIMITED = () => {
  const style =
    "body :has(.nt-list) { display: block !important; height: auto !important; max-height: none !important }";
  document.addEventListener("DOMContentLoaded", () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.adoptedStyleSheets.push(sheet);
  });
};

/** Waits until a list has stood still for some frames. */
function settled(list: Locator): Promise<void> {
  return list.evaluate(async (element) => {
    const look = () => [element.scrollTop, element.scrollHeight].join();
    for (let [same, before] = [0, look()]; same < 20; before = look()) {
      await new Promise(requestAnimationFrame);
      same = look() === before ? same + 1 : 0;
    }
  });
}

async function settings(tab: Tab): Promise<void> {
  await tab.pane.getByRole("button", { name: "Notification settings" }).click();
}

const sum = async (tabs: Tab[], read: (tab: Tab) => Promise<number>) =>
  (await Promise.all(tabs.map(read))).reduce((all, one) => all + one, 0);

async function sendMany(user: string, more: object[] = []): Promise<void> {
  const many = Array.from({ length: MANY }, (_, n) => ({ to: user, title: `Number ${n}`, message: "m" }));
  const items = [...many, ...more];
  expect((await stage.server.post("/notifications/bulk", { items })).status).toBeLessThan(300);
}

test("on a slow line there is a skeleton, then the list, and nothing twice", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  for (const title of ["One", "Two", "Three"]) await stage.server.send(user, title);
  await context.addInitScript(() => {
    new MutationObserver(() => {
      const { dataset } = document.documentElement;
      if (document.querySelector(".nt-skeleton")) dataset.skeleton = "seen";
      const titles = [...document.querySelectorAll(".nt-list .nt-title")].map((one) => one.textContent);
      if (new Set(titles).size < titles.length) dataset.doubled = titles.join();
    }).observe(document, { childList: true, subtree: true });
  });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  const speed = { latency: 400, downloadThroughput: 60_000, uploadThroughput: 20_000, offline: false };
  await cdp.send("Network.emulateNetworkConditions", speed);
  await page.goto(`${stage.server.url}/demo/?user=${user}&with=nobody`);
  const titles = page.locator(`.pane[data-user="${user}"] .nt-title`);
  await becomes(() => titles.allTextContents(), ["Three", "Two", "One"], 40_000);
  expect(await page.locator("html").getAttribute("data-skeleton")).toBe("seen");
  expect(await page.locator("html").getAttribute("data-doubled")).toBeNull();
});

test("two tabs make one toast and one sound together", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  await context.addInitScript(EARS);
  const tabs = [
    await stage.open(context, user, "&with=nobody"),
    await stage.open(context, user, "&with=nobody"),
  ];
  const first = tabs[0]!;
  await settings(first);
  await first.pane.getByRole("switch", { name: "Sound" }).click();
  await becomes(() => first.page.evaluate(() => window.tones), TONES.normal);
  await first.pane.getByRole("button", { name: "Back to the list" }).click();
  const heard = () => sum(tabs, (tab) => tab.page.evaluate(() => window.tones));
  const toasts = (title: string) =>
    sum(tabs, (tab) => tab.page.locator(".nt-toast", { hasText: title }).count());
  await stage.server.send(user, "Once", { priority: "critical" });
  await stage.server.send(user, "And again", { priority: "critical" });
  for (const tab of tabs) await tab.item("And again").waitFor();
  await becomes(heard, TONES.normal + 2 * TONES.critical);
  await becomes(async () => [await toasts("Once"), await toasts("And again")], [1, 1]);
  await settings(first);
  await first.pane.getByRole("switch", { name: "Sound" }).click();
  await stage.server.send(user, "Quietly", { priority: "critical" });
  await becomes(() => toasts("Quietly"), 1);
  expect(await heard()).toBeLessThanOrEqual(TONES.normal + 3 * TONES.critical);
});

test("of many at once a few are toasts and the rest is a number; what matters is among the toasts", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  await context.addInitScript(EARS);
  await context.addInitScript(MOST_TOASTS);
  const tab = await stage.open(context, user, "&with=nobody");
  await settings(tab);
  await tab.pane.getByRole("switch", { name: "Sound" }).click();
  const toast = (hasText: string | RegExp) => tab.page.locator(".nt-toast", { hasText });
  await sendMany(user, [{ to: user, title: "The pump stands still", message: "m", priority: "urgent" }]);
  // Four at once, and one more for every second and a half that their coming takes.
  await toast(/(11\d|10\d|9\d) more notifications/).waitFor();
  // While somebody points at one of them they stay.
  await toast("The pump stands still").hover();
  const voice = tab.page.locator('[aria-live="polite"]', { hasText: "more notifications" });
  await voice.first().waitFor({ state: "attached" });
  await becomes(() => tab.bell(), `Notifications, ${MANY + 1} unread`);
  expect(await tab.page.evaluate(() => window.mostToasts)).toBeLessThanOrEqual(4);
  expect(await tab.page.evaluate(() => window.tones)).toBeLessThan(8 * TONES.critical);
  await toast("more notifications").getByRole("button", { name: "Close" }).click();
  await becomes(() => toast("more notifications").count(), 0);
  await sendMany(user);
  await toast(/(1[012]\d|9\d) more notifications/).waitFor();
});

test("the desktop is explained before the browser asks, and used only when nobody looks", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  await context.addInitScript(DESKTOP);
  const tab = await stage.open(context, user);
  const desktop = tab.pane.getByRole("switch", { name: "Desktop notifications" });
  const dialog = tab.page.getByRole("dialog", { name: "Show notifications on your desktop?" });
  const asked = () => tab.page.evaluate(() => window.asked);
  const shown = () => tab.page.evaluate(() => window.desktop.map(({ title }) => title));
  await settings(tab);
  await desktop.click();
  await dialog.getByText("Your browser will ask you next.").waitFor();
  expect(await asked()).toBe(0);
  await dialog.getByRole("button", { name: "Not now" }).click();
  expect([await asked(), await desktop.getAttribute("aria-checked")]).toEqual([0, "false"]);
  await desktop.click();
  await dialog.getByRole("button", { name: "Continue" }).click();
  await becomes(() => desktop.getAttribute("aria-checked"), "true");
  expect(await asked()).toBe(1);
  await tab.pane.getByRole("button", { name: "Back to the list" }).click();
  await stage.server.send(user, "Seen here");
  await tab.page.locator(".nt-toast", { hasText: "Seen here" }).waitFor();
  expect(await shown()).toEqual([]);
  await tab.page.evaluate(() => (window.isAway = true));
  await stage.server.send(user, "Seen there", { action_url: "/tasks/7" });
  await becomes(shown, ["Seen there"]);
  await tab.page.evaluate(() => window.desktop[0]!.onclick!());
  await tab.page.locator(".clicked", { hasText: "/tasks/7" }).waitFor();
});

test("one user after the other in one browser: nobody sees what is another's, cached or live", async () => {
  const [context, ada, max] = [await stage.newContext(), stage.newUser(), stage.newUser()];
  const first = await stage.open(context, ada, "&with=nobody");
  await stage.server.send(ada, "For Ada alone");
  await first.item("For Ada alone").waitFor();
  await first.page.goto("about:blank");
  await context.route("**/socket.io/**", (route) => route.abort());
  const second = await stage.open(context, max, "&with=nobody", false);
  await second.pane.locator(".nt-skeleton").waitFor();
  expect(await second.page.content()).not.toContain("For Ada alone");
  await context.unroute("**/socket.io/**");
  await second.connected(30_000);
  await stage.server.send(ada, "For Ada too");
  await stage.server.send(max, "For Max");
  await second.item("For Max").waitFor();
  expect(await second.page.content()).not.toContain("For Ada");
  await becomes(() => second.bell(), "Notifications, 1 unread");
});

test("Escape closes one layer at a time, and the focus comes back to the bell", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  const tab = await stage.open(context, user, "&with=nobody");
  for (const title of ["First", "Second", "Third"]) await stage.server.send(user, title);
  await tab.item("Third").waitFor();
  const { keyboard } = tab.page;
  const popover = tab.pane.getByRole("dialog");
  const menu = tab.page.locator(".nt-menu:popover-open");
  const label = () => tab.page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  await tab.pane.locator(".nt-bell-button").focus();
  await keyboard.press("Enter");
  for (let n = 0; (await label()) !== "Unread, Third" && n < 15; n++) await keyboard.press("Tab");
  await keyboard.press("ArrowDown");
  await keyboard.press("x");
  await keyboard.press("Shift+ArrowDown");
  await popover.getByText("2 selected").waitFor();
  for (let n = 0; (await label()) !== "Snooze" && n < 15; n++) await keyboard.press("Shift+Tab");
  await keyboard.press("Enter");
  await menu.waitFor();
  await keyboard.press("ArrowDown");
  await keyboard.press("Escape");
  await becomes(() => menu.count(), 0);
  expect([await label(), await popover.count()]).toEqual(["Snooze", 1]);
  await keyboard.press("Escape");
  await becomes(() => popover.count(), 0);
  expect(await label()).toBe("Notifications, 3 unread");
});

test("dropped on Snooze it comes back in an hour, and that can be undone", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  const tab = await stage.open(context, user, "&with=nobody");
  await stage.server.send(user, "Later");
  await tab.item("Later").locator(".nt-message").hover();
  await tab.page.mouse.down();
  await tab.page.mouse.move(700, 500, { steps: 5 });
  const zone = tab.pane.locator("[data-drop=snooze]");
  for (let n = 0; n < 2; n++) await zone.hover();
  await tab.page.mouse.up();
  await becomes(() => tab.item("Later").count(), 0);
  await tab.page.locator(".nt-toast", { hasText: "Snoozed" }).waitFor();
  await tab.show("Snoozed");
  await tab.item("Later").getByText("Snoozed until").waitFor();
});

test("what arrives while somebody reads further down waits above, and moves nothing", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  await sendMany(user);
  const tab = await stage.open(context, user, "&with=nobody");
  await tab.item(`Number ${MANY - 1}`).waitFor();
  await tab.item(`Number ${MANY - 1}`).hover();
  await tab.page.mouse.wheel(0, 2_000);
  const read = tab.items.filter({ visible: true }).nth(8);
  await becomes(() => tab.item(`Number ${MANY - 1}`).count(), 0);
  // The wheel scrolls for a while, and what is drawn on the way is measured.
  await settled(tab.pane.locator(".nt-list"));
  const id = await read.getAttribute("data-id");
  const place = () => tab.pane.locator(`[data-id="${id}"]`).boundingBox();
  const before = await place();
  expect(before).not.toBeNull();
  await stage.server.send(user, "Up there");
  await tab.pane.getByRole("button", { name: "1 new" }).waitFor();
  expect(await place()).toEqual(before);
  expect(await tab.item("Up there").count()).toBe(0);
  await tab.pane.getByRole("button", { name: "1 new" }).click();
  await tab.item("Up there").waitFor();
  await becomes(() => tab.pane.getByRole("button", { name: "1 new" }).count(), 0);
});

test("when all that was shown is done with, what is below it comes", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  await sendMany(user);
  await sendMany(user, [{ to: user, title: "The newest", message: "m" }]);
  const tab = await stage.open(context, user, "&with=nobody");
  const newest = tab.item("The newest");
  await newest.focus();
  const batch = tab.pane.locator(".nt-batch");
  const select = async () => {
    await tab.page.keyboard.press("Control+a");
    return batch.getByText(`${KEPT} selected`).isVisible();
  };
  // All that was missed is sent, and shown at first; once the list is fetched too it ends above some of it.
  await becomes(select, true);
  await batch.getByRole("button", { name: "Done", exact: true }).click();
  await becomes(() => newest.count(), 0);
  // Should it not come, what is there instead is told.
  await becomes(
    async () => /Number \d+/.exec(await tab.pane.innerText())?.length ?? (await tab.pane.innerText()),
    1,
  );
});

test("a list that nothing around it limits is as tall as the window, and draws no more", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  await context.addInitScript(UNLIMITED);
  await sendMany(user);
  const tab = await stage.open(context, user, "&with=nobody");
  await tab.item(`Number ${MANY - 1}`).waitFor();
  const list = tab.pane.locator(".nt-list");
  await becomes(async () => (await list.boundingBox())?.height, tab.page.viewportSize()?.height);
  expect(await tab.items.count()).toBeLessThan(60);
  await list.evaluate((element) => (element.scrollTop = element.scrollHeight));
  await becomes(async () => (await tab.items.count()) > 0 && (await tab.items.count()) < 60, true);
  expect(await list.evaluate((element) => element.scrollTop)).toBeGreaterThan(0);
});

test("with reduced motion nothing moves by itself", async () => {
  const context = await stage.newContext({ reducedMotion: "reduce" });
  const user = stage.newUser();
  const tab = await stage.open(context, user, "&with=nobody");
  await stage.server.send(user, "Still", { priority: "critical" });
  await tab.page.locator(".nt-toast").waitFor();
  await tab.pane.locator(".nt-bell-button").click();
  await tab.pane.locator(".nt-popover article").waitFor();
  const moving = await tab.page.evaluate(() =>
    document.getAnimations().map((one) => (one as CSSAnimation).animationName ?? one.id),
  );
  expect(moving).toEqual([]);
});

async function phone(): Promise<BrowserContext> {
  return stage.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
}

test("on a phone nothing is wider than the screen, the popover fills it, and every action is in reach", async () => {
  const [context, user] = [await phone(), stage.newUser()];
  const tab = await stage.open(context, user, "&with=nobody&theme=dark");
  await stage.server.send(user, "A title of many words that has to be broken into lines on a phone", {
    message: `Somethingwithoutanyspace${"x".repeat(80)}`,
    priority: "urgent",
    source: "task_system",
    tags: ["one", "another"],
    action_url: "/tasks/1",
    action_label: "Open the task",
  });
  await tab.items.first().waitFor();
  const widest = () => tab.page.evaluate(() => document.documentElement.scrollWidth);
  expect(await widest()).toBeLessThanOrEqual(360);
  expect(await tab.axe()).toEqual([]);
  await tab.pane.locator(".nt-bell-button").tap();
  const popover = tab.pane.locator(".nt-popover");
  await popover.locator("article").waitFor();
  expect(await popover.boundingBox()).toMatchObject({ x: 0, width: 360 });
  expect(await tab.axe()).toEqual([]);
  await popover.getByRole("button", { name: "Pin" }).tap();
  await becomes(() => popover.locator("article").getAttribute("data-pinned"), "true");
  expect(await widest()).toBeLessThanOrEqual(360);
});
