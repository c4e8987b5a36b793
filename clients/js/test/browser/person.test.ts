/** What one person at one browser meets: a slow line, and the keyboard alone. */
import { expect, test } from "vitest";
import { becomes, Stage } from "../support/stage";

const stage = Stage.set();

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
