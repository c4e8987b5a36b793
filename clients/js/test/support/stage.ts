/** What a file of browser tests shares: one server, one browser, and for each test a user with an empty profile. */
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { launch, Tab } from "./browser";
import { Server } from "./server";

const PAGE = { width: 1100, height: 900 };

export class Stage {
  server!: Server;
  #browser!: Browser;
  #contexts: BrowserContext[] = [];
  #tabs: Tab[] = [];
  #users = 0;

  /** Call it once, outside of the tests. */
  static set(): Stage {
    const stage = new Stage();
    beforeAll(async () => {
      [stage.server, stage.#browser] = await Promise.all([Server.start(), launch()]);
    });
    afterEach(() => stage.#clear());
    afterAll(async () => {
      await stage.#browser?.close();
      await stage.server?.remove();
    });
    return stage;
  }

  newUser(): string {
    return `person-${++this.#users}`;
  }

  /** A browser profile of its own. */
  async newContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: PAGE, ...options });
    this.#contexts.push(context);
    return context;
  }

  /** A tab with the demo page; connected, unless it is not to wait for that. */
  async open(context: BrowserContext, user: string, query = "", isWaiting = true): Promise<Tab> {
    const tab = await Tab.open(context, this.server.url, user, query, isWaiting);
    this.#tabs.push(tab);
    return tab;
  }

  async #clear(): Promise<void> {
    const faults = this.#tabs.splice(0).flatMap((tab) => tab.faults);
    for (const context of this.#contexts.splice(0)) await context.close();
    expect(faults).toEqual([]);
  }
}

/** Waits until `read` gives `wanted`. */
export async function becomes(
  read: () => Promise<unknown>,
  wanted: unknown,
  timeout = 30_000,
): Promise<void> {
  await vi.waitFor(async () => expect(await read()).toEqual(wanted), { timeout, interval: 50 });
}
