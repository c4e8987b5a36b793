/** WCAG 2.2 AA beyond what axe can find: seen, reached and read under the settings that people choose. */
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import type { Tab } from "../support/browser";
import { becomes, Stage } from "../support/stage";

const stage = Stage.set();

/** 1280 by 1024 at 400 %. */
const ZOOMED = { width: 320, height: 256 };
const NARROW = { width: 320, height: 640 };

const ALONE = "&with=nobody";
const ACTIONS = [
  { id: "review", label: "Review", url: "/review" },
  { id: "later", label: "Not now" },
];

/** The colours on a line through the middle of an element, from its start to its end. */
async function colours(page: Page, what: Locator, height = 0.5): Promise<string[]> {
  const box = (await what.boundingBox())!;
  const clip = { x: box.x, y: Math.floor(box.y + box.height * height), width: box.width, height: 1 };
  const png = (await page.screenshot({ clip })).toString("base64");
  const blank = await page.context().newPage();
  const line = await blank.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = new OffscreenCanvas(image.width, 1).getContext("2d")!;
    canvas.drawImage(image, 0, 0);
    const { data: bytes } = canvas.getImageData(0, 0, image.width, 1);
    return Array.from({ length: image.width }, (_, x) => [...bytes.slice(4 * x, 4 * x + 3)].join());
  }, png);
  await blank.close();
  return line;
}

/** Those that something else lies upon, by their middle. */
function covered(all: Locator): Promise<string[]> {
  return all.evaluateAll((elements) =>
    elements.flatMap((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      return element.contains(hit) ? [] : [element.textContent ?? ""];
    }),
  );
}

/** Controls of less than 24 by 24 px; links in running text and checkboxes in a label may be. */
function small(all: Locator): Promise<string[]> {
  return all.evaluateAll((elements) =>
    elements.flatMap((element) => {
      const { width, height } = element.getBoundingClientRect();
      return width === 0 || (width >= 24 && height >= 24)
        ? []
        : [`${element.ariaLabel} ${width} x ${height}`];
    }),
  );
}

async function openBell(tab: Tab): Promise<Locator> {
  const { page, pane } = tab;
  await page.mouse.move(1, 1);
  await pane.locator(".nt-bell-button").focus();
  await page.keyboard.press("Enter");
  const popover = pane.locator(".nt-popover");
  await popover.locator("article").first().waitFor();
  return popover;
}

test("with the system's own colours every state can still be seen", async () => {
  const [context, user] = [await stage.newContext({ forcedColors: "active" }), stage.newUser()];
  const tab = await stage.open(context, user, ALONE);
  const { page, pane } = tab;
  await stage.server.send(user, "Halfway", { type: "progress_update", data: { percent: 50 } });
  await tab.item("Halfway").waitFor();
  const kinds = async (what: Locator, height?: number) =>
    new Set((await colours(page, what, height)).slice(4, -4)).size;
  expect(await kinds(pane.getByRole("tab", { name: "All" }), 0.98)).toBeGreaterThan(1);
  const ground = (await colours(page, pane.locator("article"), 0.02))[100];
  expect((await colours(page, pane.locator(".nt-dot")))[4]).not.toBe(ground);
  const bar = await colours(page, pane.getByRole("progressbar").first());
  expect(bar[Math.floor(bar.length * 0.25)]).not.toBe(bar[Math.floor(bar.length * 0.75)]);
  const filters = pane.getByRole("button", { name: "Filters" });
  const unpressed = await colours(page, filters);
  await filters.click();
  await page.mouse.move(1, 1);
  expect(await colours(page, filters)).not.toEqual(unpressed);
  await pane.getByRole("button", { name: "Notification settings" }).click();
  expect(await kinds(pane.getByRole("switch", { name: "Success" }))).toBeGreaterThan(1);
});

test("in a narrow window everything is large enough to hit, and nothing lies upon an action", async () => {
  const [context, user] = [await stage.newContext({ viewport: NARROW }), stage.newUser()];
  await stage.server.send(user, "With actions", { requires_acknowledgment: true, actions: ACTIONS });
  const tab = await stage.open(context, user, ALONE);
  const popover = await openBell(tab);
  await popover.locator("article").focus();
  await tab.page.keyboard.press("x");
  await popover.locator(".nt-batch").waitFor();
  expect(await small(popover.locator("button, article a"))).toEqual([]);
  await popover.locator("article .nt-message").hover();
  expect(await covered(popover.locator(".nt-buttons > *, .nt-tools > button"))).toEqual([]);
});

test("at 400 % the filters and the list are both within reach", async () => {
  const [context, user] = [await stage.newContext({ viewport: ZOOMED }), stage.newUser()];
  await stage.server.send(user, "Below the filters", { source: "disk", tags: ["one"] });
  const tab = await stage.open(context, user, ALONE);
  await tab.page.locator(".nt-toast .nt-tool").click();
  const popover = await openBell(tab);
  await popover.getByRole("button", { name: "Filters" }).click();
  for (const what of [popover.getByLabel("Tag"), popover.locator(".nt-message"), popover.locator("h2")]) {
    await what.scrollIntoViewIfNeeded();
    expect(await covered(what)).toEqual([]);
  }
  const question = {
    requires_acknowledgment: true,
    priority: "critical",
    message: "Many words. ".repeat(80),
  };
  await stage.server.send(user, "A question", question);
  const dialog = tab.page.getByRole("alertdialog");
  await dialog.getByText("A question").waitFor();
  expect(await covered(dialog.locator("h2, button"))).toEqual([]);
  expect(await dialog.locator(".nt-dialog-text").evaluate((text) => text.matches(":focus"))).toBe(true);
});

/** What has the focus, in words. */
function focused(tab: Tab): Promise<string> {
  return tab.page.evaluate(() => {
    const at = document.activeElement as HTMLElement;
    return at.ariaLabel ?? (at.textContent?.trim() || at.tagName);
  });
}

/** Presses a control from the keyboard, and tells where the focus is once that was done. */
async function presses(tab: Tab, control: Locator, name: string): Promise<void> {
  await control.focus();
  await tab.page.keyboard.press("Enter");
  await becomes(() => focused(tab), name);
}

test("a control that goes when it is pressed leaves the focus where one goes on", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  for (const title of ["One", "Two", "Three"])
    await stage.server.send(user, title, { requires_acknowledgment: true });
  const tab = await stage.open(context, user, ALONE);
  const popover = await openBell(tab);
  const button = (name: string) => popover.getByRole("button", { name, exact: true });
  const select = async () => {
    await popover.locator("article").nth(1).focus();
    await tab.page.keyboard.press("x");
  };
  await presses(tab, button("Notification settings"), "Back to the list");
  await presses(tab, button("Back to the list"), "Notification settings");
  await button("Filters").click();
  await popover.getByLabel("Type").selectOption("Information");
  await presses(tab, button("Clear filters"), "Search");
  await button("Filters").click();
  await select();
  await presses(tab, button("Clear selection"), "Unread, Two");
  await select();
  await presses(tab, popover.locator(".nt-batch").getByRole("button", { name: "Mark read" }), "Two");
  const one = popover.locator("article", { hasText: "One" });
  await presses(tab, one.getByRole("button", { name: "Acknowledge" }), "One");
  await presses(tab, button("Mark all read"), "Mark all read");
  await select();
  await popover.locator(".nt-batch .nt-snooze").focus();
  await tab.page.keyboard.press("Enter");
  await presses(tab, tab.page.getByRole("menuitem", { name: "In an hour" }).locator("visible=true"), "One");
  await becomes(() => popover.locator(".nt-batch").count(), 0);
  await stage.server.send(user, "Urgent", { requires_acknowledgment: true, priority: "critical" });
  await presses(tab, tab.page.getByRole("alertdialog").getByRole("button", { name: "Later" }), "One");
});

test("one key leads to Undo, whatever came meanwhile, or to the newest toast; from there the focus returns", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  for (const title of ["One", "Two", "Three"]) await stage.server.send(user, title);
  const tab = await stage.open(context, user, ALONE);
  const { keyboard } = tab.page;
  await tab.item("Two").focus();
  await keyboard.press("d");
  await tab.page.locator("[aria-live=polite]", { hasText: "Moved to Done. F8 leads to Undo." }).waitFor({
    state: "attached",
  });
  await becomes(() => focused(tab), "Unread, One");
  await stage.server.send(user, "Newer");
  await tab.page.locator(".nt-toast", { hasText: "Newer" }).waitFor();
  await keyboard.press("F8");
  await becomes(() => focused(tab), "Undo");
  await keyboard.press("Enter");
  await tab.item("Two").waitFor();
  await becomes(() => focused(tab), "Unread, One");
  await stage.server.send(user, "Stays", { priority: "critical" });
  await tab.page.locator(".nt-toast:last-child", { hasText: "Stays" }).waitFor();
  await keyboard.press("F8");
  await becomes(() => tab.page.locator(".nt-toast:focus-within", { hasText: "Stays" }).count(), 1);
});

test("toasts give way to what the keyboard is at", async () => {
  const [context, user] = [await stage.newContext({ viewport: NARROW }), stage.newUser()];
  for (let n = 0; n < 8; n++) await stage.server.send(user, `Number ${n}`);
  const tab = await stage.open(context, user, ALONE);
  const popover = await openBell(tab);
  await popover.locator("article").first().focus();
  for (const title of ["Stays too", "Stays until it is closed"])
    await stage.server.send(user, title, { priority: "critical" });
  const toast = tab.page.locator(".nt-toast", { hasText: "Stays until it is closed" });
  await toast.waitFor();
  const atTop = async () => (await toast.boundingBox())!.y < NARROW.height / 2;
  await becomes(atTop, false);
  await tab.page.keyboard.press("End");
  await becomes(atTop, true);
  await becomes(() => covered(popover.locator("article:focus")), []);
  await tab.page.mouse.move(100, 300);
  await becomes(atTop, false);
  await tab.page.keyboard.press("End");
  await becomes(atTop, true);
  await tab.page.keyboard.press("Home");
  await becomes(atTop, false);
});

/** The bell, put where a page may have it. */
const CORNERS: Readonly<Record<string, string>> = {
  "at the top, at the left": "left: 0; top: 0",
  "at the bottom, at the right": "right: 0; bottom: 0",
  "in the middle of a low window": "left: 200px; top: 140px",
};

test("wherever the bell stands, its popover is in the window and hangs on it", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  const tab = await stage.open(context, user, ALONE);
  const { page } = tab;
  await stage.server.send(user, "One");
  const where = async (style: string) => {
    await page.evaluate((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      document.adoptedStyleSheets = [sheet];
    }, style);
    const box = (await (await openBell(tab)).boundingBox())!;
    expect(await covered(tab.pane.locator(".nt-popover h2, .nt-popover [role=tab]"))).toEqual([]);
    await page.keyboard.press("Escape");
    const { width, height } = page.viewportSize()!;
    expect(
      [box.x, box.y, width - box.x - box.width, height - box.y - box.height].every((gap) => gap >= 0),
    ).toBe(true);
    return box;
  };
  for (const [corner, at] of Object.entries(CORNERS)) {
    await page.setViewportSize({ width: 900, height: corner.includes("low") ? 380 : 800 });
    const { height } = await where(`.nt-bell { position: fixed; z-index: 9; ${at} }`);
    expect([corner, height]).toEqual([corner, corner.includes("low") ? 364 : 640]);
  }
  // A bar that cuts off what is larger, and one that is itself what "fixed" is measured from.
  await where(".who { overflow: hidden }");
  await where(".who { position: relative; z-index: 9; backdrop-filter: blur(2px) }");
  await page.setViewportSize(NARROW);
  expect(await where(".who { position: relative; z-index: 9; backdrop-filter: blur(2px) }")).toEqual({
    x: 0,
    y: 0,
    ...NARROW,
  });
});

/** What assistive technology is told of the elements of a role. */
async function told(page: Page, role: string): Promise<{ name: string; description: string }[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter((node) => !node.ignored && node.role?.value === role)
    .map(({ name, description }) => ({ name: name?.value ?? "", description: description?.value ?? "" }));
}

test("who listens hears an item's type, words and time, that it is selected, and which toast it is", async () => {
  const [context, user] = [await stage.newContext(), stage.newUser()];
  const tab = await stage.open(context, user, ALONE);
  await stage.server.send(user, "Nightly backup", {
    type: "error",
    priority: "critical",
    message: "It failed.",
  });
  await tab.item("Nightly backup").focus();
  await tab.page.keyboard.press("x");
  await tab.page.locator("[aria-live=polite]", { hasText: "1 selected" }).waitFor({ state: "attached" });
  const name = "Selected, Unread, Critical, Nightly backup";
  expect(await told(tab.page, "article")).toEqual([{ name, description: "Errors It failed. now" }]);
  const [list] = await told(tab.page, "list");
  expect(list!.description).toContain("Arrow keys move");
  expect(await told(tab.page, "group")).toContainEqual({ name: "Nightly backup", description: "" });
  await becomes(async () => (await told(tab.page, "image")).filter((one) => one.name === "Errors").length, 2);
  const toast = tab.page.getByRole("group", { name: "Nightly backup" }).and(tab.page.locator(".nt-toast"));
  await toast.getByRole("button", { name: "Close" }).waitFor();
  await tab.pane.getByRole("button", { name: "Filters" }).click();
  await tab.pane.getByRole("searchbox").fill("nowhere");
  await tab.page.locator("[aria-live=polite]", { hasText: "Nothing found" }).waitFor({ state: "attached" });
});

test("all of a long message can be read, and a link in it that has the focus is seen", async () => {
  const [context, user] = [await stage.newContext({ viewport: NARROW }), stage.newUser()];
  const tab = await stage.open(context, user, ALONE);
  await stage.server.send(user, "Short", { message: "One line." });
  const message = `${"Words of a long message. ".repeat(12)}[The end](https://example.com/)`;
  await stage.server.send(user, "Long", { message });
  const popover = await openBell(tab);
  const long = popover.locator("article", { hasText: "Long" });
  const height = async () => (await long.locator(".nt-message").boundingBox())!.height;
  const cut = await height();
  await long.getByRole("button", { name: "Show all" }).press("Enter");
  await becomes(async () => (await height()) > cut, true);
  await long.getByRole("button", { name: "Show less" }).press("Enter");
  await becomes(height, cut);
  await long.getByRole("link", { name: "The end" }).focus();
  await becomes(async () => (await height()) > cut, true);
  expect(
    await popover.locator("article", { hasText: "Short" }).getByRole("button", { name: "Show" }).count(),
  ).toBe(0);
});
