/** Code that people copy: the demo page's samples to the clipboard, and they work; the README's own looks. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launch, Tab } from "../support/browser";
import { blocks } from "../support/readme";
import { Server } from "../support/server";

const ROOT = join(import.meta.dirname, "../../../..");
const PATH = [join(ROOT, ".venv/bin"), process.env.PATH].join(delimiter);
const run = promisify(execFile);

let server: Server;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  server = await Server.start();
  browser = await launch();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1300, height: 1200 } });
});
afterEach(async () => context.close());
afterAll(async () => {
  await browser?.close();
  await server?.remove();
});

const samples = (tab: Tab) => tab.page.getByRole("region", { name: "Code" });
const shown = (tab: Tab) => samples(tab).locator("pre").textContent();

/** What is in the clipboard after the button was pressed. */
async function copied(tab: Tab, sample: string): Promise<string> {
  await samples(tab).getByRole("button", { name: sample, exact: true }).click();
  await samples(tab).getByRole("button", { name: "Copy" }).click();
  await samples(tab).getByRole("button", { name: "Copied" }).waitFor();
  return tab.page.evaluate(() => navigator.clipboard.readText());
}

/** As a shell on the server's machine runs it. */
async function shell(command: string): Promise<void> {
  const env = { ...process.env, PATH, NOTIFY_SERVER__DATA_DIR: server.dataDir };
  await run("bash", ["-c", command], { cwd: ROOT, env });
}

test("each sample is copied as it is shown, and names this server and this user", async () => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const tab = await Tab.open(context, server.url, "reader");
  for (const sample of ["curl", "React", "JavaScript", "Shell"]) {
    const text = await copied(tab, sample);
    expect(text).toBe(await shown(tab));
    expect(text).toContain("reader");
    if (sample !== "Shell") expect(text).toContain(server.url);
  }
  expect(tab.faults).toEqual([]);
});

test("the copied commands send, even to a name that a shell would take apart", async () => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const tab = await Tab.open(context, server.url, "it's; $(exit 1)");
  await shell(await copied(tab, "curl"));
  await tab.items.filter({ hasText: "From my own program" }).waitFor();
  await shell(await copied(tab, "Shell"));
  await tab.items.filter({ hasText: "From a terminal" }).waitFor();
});

test("where the browser keeps the clipboard to itself, the sample is selected", async () => {
  const tab = await Tab.open(context, server.url, "reader");
  await tab.page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await samples(tab).getByRole("button", { name: "Copy" }).click();
  await samples(tab).getByRole("button", { name: "Selected: press Ctrl+C" }).waitFor();
  expect(await tab.page.evaluate(() => String(getSelection()))).toBe(await shown(tab));
  expect(tab.faults).toEqual([]);
});

test("the README's looks hold around the components, light and dark", async () => {
  const looks = blocks().find(({ language }) => language === "css")?.code;
  const style = readFileSync(join(ROOT, "clients/js/src/components/style.css"), "utf8");
  const roots = ["light", "dark"].map(
    (theme) => `<div class="nt-root" data-theme="${theme}"><a href="/">A link</a></div>`,
  );
  const page = await context.newPage();
  await page.setContent(`<style>${style}${looks}</style><div class="sidebar">${roots.join("")}</div>`);
  const links = await page.locator("a").evaluateAll((all) =>
    all.map((link) => {
      const { color, font } = getComputedStyle(link);
      return [color, font];
    }),
  );
  const font = "15px / 22.5px Inter, sans-serif";
  expect(links).toEqual([
    ["rgb(0, 105, 92)", font],
    ["rgb(128, 203, 196)", font],
  ]);
});
