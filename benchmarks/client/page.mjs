/**
 * What the page costs in Chromium against the running server: how long until the bell is shown from the
 * cache, how evenly an open list of 10,000 scrolls while 100 notifications a second arrive, and what it
 * holds in memory then. `make bench-client` calls it after the bytes; ARGS=--quick for fewer rounds and no
 * results. ITEMS=n takes another number, PROFILE=file writes the processor profile of the arrivals.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
const OURS = join(ROOT, "clients/js");
const RESULTS = join(ROOT, "benchmarks/results/client.json");
const isQuick = process.argv.includes("--quick");

const CACHED = 200;
const LOADS = isQuick ? 3 : 15;
const ITEMS = Number(process.env.ITEMS ?? 10_000);
const BULK = 1_000;
/** 100 a second, in calls of 10. */
const RATE = 100;
const CALL = 10;
const SECONDS = isQuick ? 3 : 10;
const WHEEL_PX = 60;
const READY_MS = 120_000;
const FRAME_MS = 1000 / 60;

const require = createRequire(join(OURS, "package.json"));
const vite = await import(
  pathToFileURL(join(dirname(require.resolve("vite/package.json")), "dist/node/index.js"))
);
/** The same server and browser that the package's tests start. */
async function support(name) {
  const path = join(OURS, "test/support", `${name}.ts`);
  return (await vite.runnerImport(path, { configFile: false, root: OURS, logLevel: "error" })).module;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Playwright's own wait takes the promise of an asynchronous question for a yes. */
async function until(isSo, what) {
  for (const end = Date.now() + READY_MS; !(await isSo()); await sleep(100)) {
    if (Date.now() > end) throw new Error(`not so in time: ${what}`);
  }
}
const round = (value, digits = 1) => Number(value.toFixed(digits));
function share(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/** One classic script, so that its first statement is where the clock starts. */
async function bundle() {
  const { output } = await vite
    .build({
      configFile: false,
      root: OURS,
      logLevel: "error",
      define: { "process.env.NODE_ENV": '"production"' },
      resolve: { dedupe: ["react", "react-dom"], alias: react() },
      build: {
        write: false,
        minify: !process.env.PROFILE,
        lib: { entry: join(HERE, "page/page.tsx"), formats: ["iife"], name: "Page", cssFileName: "page" },
      },
    })
    .then((built) => built[0] ?? built);
  const code = output.find(({ type }) => type === "chunk").code;
  const css = output.find(({ fileName }) => fileName.endsWith(".css")).source;
  const head = `<!doctype html><html lang="en"><title>bench</title><style>${css}
    body { margin: 0 } .nt-center[data-variant] { height: 900px } </style>`;
  return {
    script: `performance.mark("start");${code}`,
    html: `${head}<div id="root"></div><script src="/bench.js"></script>`,
  };
}

/** The page stands outside the package's directory and so finds no React by itself. */
function react() {
  return ["react", "react-dom"].map((name) => ({
    find: new RegExp(`^${name}(/.*)?$`),
    replacement: `${dirname(require.resolve(`${name}/package.json`))}$1`,
  }));
}

async function contextFor(browser, page) {
  // A page that is put in place of an answer counts as a foreign one, which may not open WebSockets here.
  const permissions = ["local-network-access"];
  const context = await browser.newContext({ viewport: { width: 900, height: 960 }, permissions });
  await context.route("**/bench.html*", (route) =>
    route.fulfill({ contentType: "text/html", body: page.html }),
  );
  await context.route("**/bench.js", (route) =>
    route.fulfill({ contentType: "text/javascript", body: page.script }),
  );
  return context;
}

async function fill(server, user, count) {
  for (let done = 0; done < count; done += BULK) {
    const items = Array.from({ length: Math.min(BULK, count - done) }, (_, n) => note(user, done + n));
    const { status, body } = await server.post("/notifications/bulk", { items });
    if (status >= 300) throw new Error(JSON.stringify(body).slice(0, 400));
  }
}

const TYPES = ["info", "success", "warning", "error", "user_action"];
const note = (user, n) => ({
  to: user,
  title: `Segment ${n} of the archive is ready`,
  message: `It took **${n % 60} s**. The next one is under way, and there is more to say about this.`,
  type: TYPES[n % TYPES.length],
  priority: n % 7 === 0 ? "high" : "normal",
  source: "task_system",
  tags: n % 3 === 0 ? ["archive"] : [],
  ...(n % 4 === 0 && { action_url: `/segments/${n}`, action_label: "Open" }),
});

/** Marks when the badge is in the document, and when a frame with it was drawn. */
const WATCH = () => {
  const seen = new MutationObserver(() => {
    if (!document.querySelector(".nt-badge")) return;
    seen.disconnect();
    performance.mark("bell");
    requestAnimationFrame(() => setTimeout(() => performance.mark("drawn")));
  });
  seen.observe(document, { childList: true, subtree: true });
};

async function bell(browser, page, server) {
  const [context, user] = [await contextFor(browser, page), "cached"];
  await fill(server, user, CACHED + 100);
  await context.addInitScript(WATCH);
  const tab = await context.newPage();
  const url = `${server.url}/bench.html?user=${user}`;
  await tab.goto(url);
  await tab.waitForFunction(() => window.notify.client.getState().isCurrent, null, { timeout: READY_MS });
  await until(() => tab.evaluate(CACHE_HOLDS, CACHED), `the cache holds ${CACHED}`);
  const [shown, drawn] = [[], []];
  for (let n = 0; n < LOADS; n++) {
    // Nothing of the network has a part in it.
    await context.route("**/socket.io/**", (route) => route.abort());
    await tab.goto(url);
    await tab.waitForFunction(() => performance.getEntriesByName("drawn").length > 0);
    const times = await tab.evaluate(() => {
      const at = (name) => performance.getEntriesByName(name)[0].startTime;
      const held = window.notify.client.getList().notifications.length;
      return { shown: at("bell") - at("start"), drawn: at("drawn") - at("start"), held };
    });
    if (times.held < CACHED) throw new Error(`only ${times.held} came from the cache`);
    shown.push(times.shown);
    drawn.push(times.drawn);
  }
  await context.close();
  const tell = (all) => ({ median: round(share(all, 0.5)), slowest: round(Math.max(...all)) });
  return { cached: CACHED, loads: LOADS, shown_ms: tell(shown), drawn_ms: tell(drawn) };
}

/** So many are kept without a gap: only those are shown from the cache. */
const CACHE_HOLDS = async (wanted) => {
  const answer = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  for (const { name } of await indexedDB.databases()) {
    const db = await answer(indexedDB.open(name));
    const tx = db.transaction(["items", "meta"]);
    const [items, meta] = await Promise.all([
      answer(tx.objectStore("items").getAll()),
      answer(tx.objectStore("meta").get("meta")),
    ]);
    db.close();
    const floor = meta?.floor?.sort_at;
    if (floor && items.filter(({ sort_at }) => sort_at >= floor).length >= wanted) return true;
  }
  return false;
};

/** Counts frames in the page while `work` runs. */
async function frames(tab, work) {
  await tab.evaluate(() => {
    const state = (window.counted = { times: [], long: 0, isOn: true });
    const tick = (now) => {
      state.times.push(now);
      if (state.isOn) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    new PerformanceObserver((list) => (state.long += list.getEntries().length)).observe({ type: "longtask" });
  });
  await work();
  const { times, long } = await tab.evaluate(() => {
    window.counted.isOn = false;
    return window.counted;
  });
  const gaps = times.slice(1).map((time, n) => time - times[n]);
  const ms = times.at(-1) - times[0];
  return {
    per_second: round((1000 * gaps.length) / ms),
    p95_ms: round(share(gaps, 0.95)),
    longest_ms: round(Math.max(...gaps)),
    late: gaps.filter((gap) => gap > 1.5 * FRAME_MS).length,
    tasks_over_50_ms: long,
    seconds: round(ms / 1000),
  };
}

/** What is measured is a list that draws a few of its items and moves: anything else throws. */
async function moving(tab, work) {
  const look = () =>
    tab.locator(".nt-list").evaluate((list) => ({
      top: list.scrollTop,
      drawn: list.querySelectorAll("li").length,
    }));
  const before = await look();
  const found = await work();
  const after = await look();
  if (after.drawn > 100) throw new Error(`the list draws ${after.drawn} items`);
  if (after.top === before.top) throw new Error("the list did not scroll");
  return found;
}

/** Turns the wheel down and up as a hand does, for so long. */
async function wheel(tab, seconds) {
  await tab.mouse.move(450, 500);
  const end = Date.now() + seconds * 1000;
  for (let n = 0; Date.now() < end; n++) {
    await tab.mouse.wheel(0, n % 80 < 50 ? WHEEL_PX : -WHEEL_PX);
    await sleep(FRAME_MS);
  }
}

async function arrive(server, user, seconds) {
  const start = Date.now();
  let [asked, sent] = [0, 0];
  while (Date.now() < start + seconds * 1000) {
    const items = Array.from({ length: CALL }, (_, n) => note(user, ITEMS + asked + n));
    const { status } = await server.post("/notifications/bulk", { items });
    asked += CALL;
    if (status < 300) sent += CALL;
    await sleep(Math.max(0, start + (1000 * asked) / RATE - Date.now()));
  }
  return sent;
}

async function metric(cdp, wanted) {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === wanted).value;
}

async function heap(cdp) {
  await cdp.send("HeapProfiler.collectGarbage");
  return round((await metric(cdp, "JSHeapUsedSize")) / 2 ** 20);
}

/** How much of one processor the page's main thread takes: this a shared machine can still tell. */
async function taking(cdp, work) {
  const [before, start] = [await metric(cdp, "TaskDuration"), Date.now()];
  const found = await work();
  const ms = 1000 * ((await metric(cdp, "TaskDuration")) - before);
  return { ...found, cpu_ms_per_second: round((1000 * ms) / (Date.now() - start)) };
}

async function list(browser, page, server) {
  const [context, user] = [await contextFor(browser, page), "busy"];
  const blank = await context.newPage();
  await blank.goto(`${server.url}/health/ready`);
  const floor = await frames(blank, () => wheel(blank, Math.min(SECONDS, 4)));
  await blank.close();
  await fill(server, user, ITEMS);
  const tab = await context.newPage();
  await tab.goto(`${server.url}/bench.html?user=${user}&list`);
  await tab.waitForFunction(() => window.notify.client.getState().isCurrent, null, { timeout: READY_MS });
  const held = () => tab.evaluate(() => window.notify.client.getList().notifications.length);
  // What scrolling down would fetch, without the scrolling.
  await tab.evaluate(async (wanted) => {
    const { client } = window.notify;
    for (let state = client.getList(); state.hasMore; state = client.getList()) {
      if (state.notifications.length >= wanted) return;
      if (state.isLoading) await new Promise((resolve) => setTimeout(resolve, 10));
      else await client.loadMore();
      // The server lets so many questions a second through.
      if (client.getList().error) await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }, ITEMS);
  const items = await held();
  const cdp = await context.newCDPSession(tab);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const loaded = await heap(cdp);
  await tab.locator(".nt-list").evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await sleep(1_000);
  const alone = await moving(tab, () =>
    taking(cdp, () => frames(tab, () => wheel(tab, Math.min(SECONDS, 4)))),
  );
  if (process.env.PROFILE) await cdp.send("Profiler.enable").then(() => cdp.send("Profiler.start"));
  let sent = 0;
  const both = async () => {
    [sent] = await Promise.all([arrive(server, user, SECONDS), wheel(tab, SECONDS)]);
  };
  const busy = await moving(tab, () => taking(cdp, () => frames(tab, both)));
  if (process.env.PROFILE) {
    const { profile } = await cdp.send("Profiler.stop");
    writeFileSync(process.env.PROFILE, JSON.stringify(profile));
  }
  // Not until all are held: a page that was too slow is sent the newest 300, and asks for the rest anew.
  await tab.waitForFunction(() => window.notify.client.getState().isCurrent, null, { timeout: READY_MS });
  await sleep(2_000);
  const [after, heldAfter] = [await heap(cdp), await held()];
  await context.close();
  return {
    items,
    sent,
    held_after: heldAfter,
    blank_page: floor,
    scrolled: alone,
    scrolled_with_arrivals: busy,
    heap_mb: { loaded, after },
  };
}

function keep(page) {
  mkdirSync(dirname(RESULTS), { recursive: true });
  const results = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : {};
  writeFileSync(RESULTS, `${JSON.stringify({ ...results, page }, null, 2)}\n`);
}

// First: importing TypeScript makes the rest of this process a development one.
const page = await bundle();
const [{ Server }, { launch }] = await Promise.all([support("server"), support("browser")]);
const [server, browser] = await Promise.all([Server.start(), launch()]);
try {
  const found = {
    measured: new Date().toISOString(),
    chromium: browser.version(),
    cpu: `${cpus().length} × ${cpus()[0].model}`,
    ...(process.env.PROFILE ? {} : { bell: await bell(browser, page, server) }),
    list: await list(browser, page, server),
  };
  console.log(JSON.stringify(found, null, 2));
  if (!isQuick) keep(found);
} finally {
  await browser.close();
  await server.remove();
}
process.exit(0);
