/** Headless Chromium, and the demo page in it. */
import { existsSync } from "node:fs";
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

/** Each launch gets a new, empty profile. */
export async function launch(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`no browser at ${CHROMIUM}: set CHROMIUM, or SKIP_BROWSER=1`);
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** One tab with the demo page. */
export class Tab {
  /** What a page must never produce: dialogs, script errors, refused loads. */
  readonly faults: string[] = [];

  private constructor(readonly page: Page) {
    page.on("dialog", (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => this.faults.push(`error: ${error.message}`));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.faults.push(message.text());
    });
  }

  static async open(context: BrowserContext, url: string, user: string): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(`${url}/demo/?user=${user}`);
    await tab.connected();
    return tab;
  }

  async connected(timeout = 20_000): Promise<void> {
    await this.page.locator('.status[data-status="connected"]').waitFor({ timeout });
  }

  /** The notification with this title in the list. */
  item(title: string): Locator {
    return this.page
      .locator("article")
      .filter({ has: this.page.getByRole("heading", { name: title, exact: true }) });
  }

  async press(title: string, button: string): Promise<void> {
    await this.item(title).getByRole("button", { name: button, exact: true }).click();
  }

  async bell(): Promise<string | null> {
    return this.page.locator(".bell").getAttribute("aria-label");
  }

  async setOffline(isOffline: boolean): Promise<void> {
    await this.page.getByLabel("Offline").setChecked(isOffline);
    if (!isOffline) await this.connected();
  }

  /** How often the notification was announced, and how many announcements of all were repetitions. */
  async announced(title: string): Promise<{ shown: string | null; dup: string | null }> {
    return {
      shown: await this.item(title).getAttribute("data-shown"),
      dup: await this.page.locator("[data-dup-shown]").getAttribute("data-dup-shown"),
    };
  }
}
