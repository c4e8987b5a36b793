/** Draws docs/images/demo.png: the demo page of a server of its own, in headless Chromium. `npm run picture` */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const OUT = join(ROOT, "docs/images/demo.png");
const PYTHON = process.env.NOTIFY_PYTHON || join(ROOT, ".venv/bin/python");
const CHROMIUM = process.env.CHROMIUM || process.env.NOTIFY_CHROMIUM || "/usr/bin/chromium";
const URL_ = `http://127.0.0.1:${process.env.PORT || 18123}`;
const SCENES = ["With a picture", "Mention", "Security"];

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function ready() {
  for (let n = 0; n < 200; n++, await sleep(100)) {
    if ((await fetch(`${URL_}/health/ready`).catch(() => null))?.ok) return;
  }
  throw new Error("the server does not start");
}

async function draw(page) {
  await page.goto(`${URL_}/demo/?user=ada&with=alan&theme=light`);
  await page.locator('.pane[data-user="alan"][data-status="connected"]').waitFor();
  const pane = page.locator('.pane[data-user="ada"]');
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  for (const scene of SCENES) {
    const count = await pane.locator("article").count();
    await press(scene);
    await pane.locator("article").nth(count).waitFor();
    // What has gone by gives its toast away.
    if (scene !== SCENES.at(-1)) await page.locator(".nt-toast .nt-tool").first().click();
  }
  await press("Progress bar");
  await page.locator(".nt-toast", { hasText: "Exporting" }).locator(".nt-tool").click();
  await pane.locator("article", { hasText: "sign-in" }).hover();
  // Each step may replace the one before it, so none is sure to be seen.
  await page.waitForFunction(() => document.querySelector(".nt-item progress")?.value >= 60);
  await page.screenshot({ path: OUT });
}

const data = mkdtempSync(join(tmpdir(), "notify-picture-"));
const server = spawn(
  PYTHON,
  ["-m", "notify_server", "serve", "--demo", "--host", "127.0.0.1", "--port", new URL(URL_).port],
  { cwd: ROOT, env: { ...process.env, NOTIFY_SERVER__DATA_DIR: data }, stdio: "ignore" },
);
const gone = new Promise((resolve) => server.once("exit", resolve));
try {
  await ready();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox"] });
  await draw(await browser.newPage({ viewport: { width: 1400, height: 860 }, reducedMotion: "reduce" }));
  await browser.close();
} finally {
  server.kill();
  await gone;
  rmSync(data, { recursive: true, force: true });
}
