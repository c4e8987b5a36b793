/** Headless Chromium, and the demo page in it. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM || process.env.NOTIFY_CHROMIUM || "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2 AA, and what axe recommends beside it. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Each launch gets a new, empty profile. */
export async function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`no browser at ${CHROMIUM}: set CHROMIUM, or SKIP_BROWSER=1`);
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** One tab with the demo page; what it reads and does is about its first user. */
export class Tab {
  /** What a page must never produce: dialogs, script errors, refused loads. */
  readonly faults: string[] = [];
  readonly pane: Locator;

  private constructor(
    readonly page: Page,
    user: string,
  ) {
    this.pane = page.locator(`.pane[data-user="${user}"]`);
    page.on("dialog", (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => this.faults.push(`error: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (/Content Security Policy|Warning:|React/.test(text)) this.faults.push(text);
    });
  }

  static async open(
    context: BrowserContext,
    url: string,
    user: string,
    query = "",
    isWaiting = true,
  ): Promise<Tab> {
    const tab = new Tab(await context.newPage(), user);
    await tab.page.goto(`${url}/demo/?user=${user}${query}`);
    if (isWaiting) await tab.connected();
    return tab;
  }

  async connected(timeout = 20_000): Promise<void> {
    await this.pane.and(this.page.locator('[data-status="connected"]')).waitFor({ timeout });
  }

  get items(): Locator {
    return this.pane.locator("article");
  }

  /** The notification with this title in the list. */
  item(title: string): Locator {
    return this.items.filter({ has: this.page.getByRole("heading", { name: title, exact: true }) });
  }

  async press(title: string, button: string): Promise<void> {
    await this.item(title).hover();
    await this.item(title).getByRole("button", { name: button, exact: true }).click();
  }

  async snooze(title: string, when: string): Promise<void> {
    await this.press(title, "Snooze");
    await this.page.getByRole("menuitem", { name: when }).locator("visible=true").click();
  }

  async show(tab: string): Promise<void> {
    await this.pane.getByRole("tab", { name: tab, exact: true }).click();
  }

  async bell(): Promise<string | null> {
    return this.pane.locator(".nt-bell-button").getAttribute("aria-label");
  }

  async setOffline(isOffline: boolean): Promise<void> {
    await this.pane.getByLabel("Offline").setChecked(isOffline);
    if (!isOffline) await this.connected();
  }

  /** How many announcements there were, and how many of them said nothing new. */
  async announced(): Promise<{ all: number; repeated: number }> {
    const read = async (name: string) => Number((await this.pane.getAttribute(name)) ?? 0);
    return { all: await read("data-announced"), repeated: await read("data-repeated") };
  }

  /** What axe finds, in words. @param only these rules, by their ids; default all of WCAG 2.2 AA and more. */
  async axe(only?: string[]): Promise<string[]> {
    // Past the page's own policy, as the browser's developer tools are.
    await this.page.evaluate(AXE);
    return this.page.evaluate(async (runOnly) => {
      // What comes while axe looks would be faint at first, and its colours those of nothing.
      const still = new CSSStyleSheet();
      still.replaceSync(
        "*, ::before, ::after { animation-duration: 0s !important; transition: none !important }",
      );
      document.adoptedStyleSheets.push(still);
      const running = document.getAnimations();
      await Promise.all(running.map((one) => one.finished.catch(() => undefined)));
      const { axe } = globalThis as unknown as { axe: { run: (...args: unknown[]) => Promise<AxeResult> } };
      const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== still);
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
    }, only ?? RULES);
  }
}

/** All that the page's origin has in the browser's storage, as JSON. */
export function storage(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const all: unknown[] = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open(name!);
        opening.onsuccess = () => resolve(opening.result);
      });
      for (const part of db.objectStoreNames) {
        const reading = db.transaction(part).objectStore(part).getAll();
        await new Promise((resolve) => (reading.onsuccess = resolve));
        all.push(reading.result);
      }
      db.close();
    }
    return JSON.stringify(all);
  });
}

/**
 * Whether the page has this title in its storage, so that closing the page now takes nothing away.
 *
 * The server's word is not enough: for it a list that was fetched is a delivery, too.
 */
export async function isKept(page: Page, title: string): Promise<boolean> {
  return (await storage(page)).includes(JSON.stringify(title));
}

interface AxeResult {
  violations: { id: string; nodes: { html: string }[] }[];
}
