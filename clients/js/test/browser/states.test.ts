/** Every state that a person can meet, looked at by axe: in light, in dark and from right to left. */
import type { BrowserContext, Locator } from "playwright-core";
import { expect, test } from "vitest";
import type { Tab } from "../support/browser";
import { becomes, Stage } from "../support/stage";

const stage = Stage.set();

/** From left to right, and from right to left. */
const LANGUAGES = ["en", "ar"];

/** A browser that has not been asked yet; headless ones refuse from the start. */
const UNASKED = () => {
  Object.assign(globalThis, { Notification: { permission: "default", requestPermission: () => "denied" } });
};

/** Hears nothing from the server until it is let through. */
async function silence(context: BrowserContext): Promise<() => Promise<void>> {
  await context.route("**/socket.io/**", (route) => route.abort());
  return () => context.unroute("**/socket.io/**");
}

/** Asks for more than the server gives, so that it refuses the list; returns how to stop that. */
async function askTooMuch(context: BrowserContext): Promise<() => void> {
  let limit = 100_000;
  const asked = (text: string) => text.replace('"limit":100', `"limit":${limit}`);
  await context.route("**/socket.io/**", (route) => {
    const body = route.request().postData();
    return route.continue(body === null ? {} : { postData: asked(body) });
  });
  await context.routeWebSocket("**/socket.io/**", (page) => {
    const server = page.connectToServer();
    page.onMessage((message) => server.send(typeof message === "string" ? asked(message) : message));
  });
  return () => void (limit = 100);
}

/** Looks in light and in dark, and keeps what was found under the state's name. */
function looker(tab: Tab) {
  const found: Record<string, string[]> = {};
  const look = async (state: string, shown: Locator) => {
    await shown.first().waitFor();
    const light = await tab.axe();
    await tab.page.emulateMedia({ colorScheme: "dark" });
    const dark = await tab.axe(["color-contrast"]);
    await tab.page.emulateMedia({ colorScheme: "light" });
    // From the keys to the pointer: toasts that gave way to the one are back before the other.
    for (const x of [1, 2]) await tab.page.mouse.move(x, 1);
    if (light.length + dark.length > 0) found[state] = [...light, ...dark];
  };
  return { found, look };
}

test.each(LANGUAGES)("axe finds nothing in any state, light or dark: %s", async (lang) => {
  const context = await stage.newContext();
  await context.addInitScript(UNASKED);
  const user = stage.newUser();
  const speak = await silence(context);
  const tab = await stage.open(context, user, `&lang=${lang}&with=nobody`, false);
  const { page, pane } = tab;
  const { found, look } = looker(tab);
  const { keyboard } = page;
  const tools = pane.locator(".nt-header .nt-tool");

  await look("loading, reconnecting", pane.locator(".nt-skeleton"));
  await pane.and(page.locator('[data-status="reconnecting"]')).waitFor();
  await speak();
  await tab.connected(30_000);
  await look("empty, bell closed", pane.locator(".nt-state-icon"));

  for (const scene of ["Task complete", "Mention", "With a picture", "HTML stays text", "Security"])
    await page.getByRole("button", { name: scene, exact: true }).click();
  await page.getByRole("button", { name: "Critical", exact: true }).click();
  const dialog = page.locator(".nt-dialog[open]");
  await look("acknowledge", dialog);
  await dialog.locator("button").first().click();
  await look("toasts", page.locator('.nt-toast[data-priority="critical"]'));

  await pane.locator(".nt-bell-button").click();
  await look("popover", pane.locator(".nt-popover article"));
  await keyboard.press("Escape");

  await tab.item("Task complete").first().focus();
  await keyboard.press("x");
  await look("selection", pane.locator(".nt-batch"));
  await pane.locator(".nt-batch .nt-snooze").click();
  await look("snooze menu", page.locator(".nt-menu:popover-open"));
  await keyboard.press("Escape");
  await pane.locator(".nt-batch .nt-tool").first().click();

  await tools.nth(1).click();
  await look("filters", pane.locator(".nt-filters"));
  await pane.locator(".nt-search input").fill("nowhere");
  await look("nothing found", pane.locator(".nt-state h3"));
  await pane.locator(".nt-filters .nt-button").click();
  await tools.nth(1).click();

  await tools.nth(2).click();
  await look("settings", pane.locator('.nt-setting[data-type="success"]'));
  await pane.locator('.nt-setting[data-type="desktop"] .nt-switch').click();
  await look("permission", dialog);
  await dialog.locator("button").first().click();
  await pane.locator(".nt-header .nt-tool").first().click();

  await tab.item("Task complete").first().focus();
  await keyboard.press("d");
  await look("undo", page.locator(".nt-undo"));
  await pane.getByLabel("Offline").check();
  await look("offline", pane.locator('.nt-center > .nt-connection[data-status="offline"]'));
  expect(found).toEqual({});
});

test.each(LANGUAGES)("axe finds nothing where the server refuses, light or dark: %s", async (lang) => {
  const query = `&lang=${lang}&with=nobody`;
  const context = await stage.newContext();
  await askTooMuch(context);
  const tab = await stage.open(context, stage.newUser(), query);
  const { found, look } = looker(tab);
  await look("error", tab.pane.locator('.nt-state[role="alert"]'));

  const other = await stage.newContext();
  await other.route("**/demo/session*", (route) =>
    route.continue({ url: `${stage.server.url}/demo/session?user=somebody-else` }),
  );
  const refused = await stage.open(other, stage.newUser(), query, false);
  const second = looker(refused);
  await second.look("refused", refused.pane.locator('.nt-center > .nt-connection[data-status="refused"]'));
  expect({ ...found, ...second.found }).toEqual({});
});

test("a list that was refused is there after another try", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  const askEnough = await askTooMuch(context);
  const tab = await stage.open(context, user);
  await stage.server.send(user, "Behind the error");
  await tab.pane.locator('.nt-state[role="alert"]').waitFor();
  askEnough();
  await tab.page.reload();
  await tab.connected();
  await becomes(() => tab.item("Behind the error").count(), 1);
});
