/** The package as a stranger gets it: packed, installed into an empty application, built, and opened. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server as Http } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { launch } from "../support/browser";
import { Device, until } from "../support/device";
import { blocks } from "../support/readme";
import { Server } from "../support/server";

const execute = promisify(execFile);
const PACKAGE = join(import.meta.dirname, "../..");
const USER = "42";
const TOKEN_S = 3600;
/** For a registry that is far away, or a busy machine; from npm's own cache it takes ten seconds. */
const PATIENCE_MS = 480_000;
/** What `npm create vite` makes of React and TypeScript, and nothing more. */
const TOOLS = ["vite", "typescript", "react", "react-dom", "@types/react", "@types/react-dom"] as const;
const FILES = {
  "index.html": `<!doctype html><html lang="en"><head><link rel="icon" href="data:,"></head>
    <body><div id="root"></div><script type="module" src="/src/main.tsx"></script></body></html>`,
  "src/main.tsx": `import { StrictMode, version } from "react";
    import { createRoot } from "react-dom/client";
    import { App } from "./App.tsx";
    document.documentElement.dataset.react = version;
    createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2023", "DOM", "DOM.Iterable"],
      module: "ESNext",
      moduleResolution: "Bundler",
      jsx: "react-jsx",
      types: ["vite/client"],
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      // The package's own declarations are looked at as well.
      skipLibCheck: false,
    },
    include: ["src"],
  }),
};

let home: string;
let http: Http;
let server: Server;
let browser: Browser;

/** `npm --prefix … test` would have its children install into that folder. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_config_(.*prefix|globalconfig)$/.test(name)),
);

/** What it printed; a failure says that, too. */
async function run(program: string, args: string[], cwd = home): Promise<string> {
  const failed = (error: { message: string; stdout?: string; stderr?: string }) => {
    throw new Error([error.message, error.stdout, error.stderr].join("\n"));
  };
  return (await execute(program, args, { cwd, env }).catch(failed)).stdout;
}
/** A registry that does not answer is asked again soon: npm's own patience is longer than ours. */
const RETRIES = ["--fetch-retries=5", "--fetch-retry-mintimeout=1000", "--fetch-timeout=45000"];
const npm = (...args: string[]) =>
  run("npm", [...args, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", ...RETRIES]);
const tool = (path: string, ...args: string[]) =>
  run(process.execPath, [join(home, "node_modules", path), ...args]);

/** The application's backend: its files, and a token for the one who is logged in. */
async function answer(path: string): Promise<[type: string, body: string | Buffer]> {
  if (path === "/notify-token") return ["text/plain", server.token(USER, TOKEN_S)];
  const types: Record<string, string> = { ".js": "text/javascript", ".css": "text/css" };
  const file = path === "/" ? "index.html" : path;
  return [types[extname(file)] ?? "text/html", await readFile(join(home, "dist", file))];
}

async function serve(): Promise<string> {
  http = createServer((request, response) => {
    answer(new URL(request.url ?? "/", "http://application").pathname).then(
      ([type, body]) => response.writeHead(200, { "Content-Type": type }).end(body),
      () => response.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** The five lines as the README has them, with this server in place of the example's. */
function fiveLines(): string {
  const block = blocks().find(({ under }) => under === "Five lines to a bell");
  const code = block?.code ?? "";
  expect(code).toContain("https://notify.example.com");
  return code.replace("https://notify.example.com", server.url);
}

async function install(): Promise<void> {
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", home, "--loglevel=error"];
  const [packed] = JSON.parse(await run("npm", pack, PACKAGE)) as { filename: string }[];
  const versions = TOOLS.map((name) => [name, manifest.devDependencies[name]]);
  const dependencies = { "notify-client": `file:${packed!.filename}`, ...Object.fromEntries(versions) };
  const files = {
    ...FILES,
    "package.json": JSON.stringify({ private: true, type: "module", dependencies }),
    "src/App.tsx": fiveLines(),
  };
  await mkdir(join(home, "src"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
  await npm("install");
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "notify-install-"));
  const origin = await serve();
  server = await Server.start({ NOTIFY_CORS__ORIGINS: origin });
  browser = await launch();
  await install();
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await server?.remove();
  http?.close();
  await rm(home, { recursive: true, force: true });
});

/** What the server counts. */
async function unread(): Promise<number | undefined> {
  const device = await Device.of(server, USER);
  device.close();
  return device.counts[0]?.count;
}

/** Types, bundle, and a page on which the bell says how much is unread. */
async function works(major: string): Promise<void> {
  await tool("typescript/bin/tsc");
  await tool("vite/bin/vite.js", "build", "--logLevel", "error");
  const title = `For React ${major}`;
  await server.send(USER, title);
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  const bell = page.getByRole("button", { name: "Notifications, 1 unread" });
  await bell.waitFor();
  expect(await page.locator(".nt-badge").textContent()).toBe("1");
  await bell.click();
  const item = page.getByRole("dialog").getByRole("article").filter({ hasText: title });
  await item.waitFor();
  // The looks came along: without them the popover would stand in the text.
  expect(await page.getByRole("dialog").evaluate((it) => getComputedStyle(it).position)).toBe("fixed");
  expect(await page.evaluate(() => document.documentElement.dataset.react)).toMatch(`${major}.`);
  await item.hover();
  await item.getByRole("button", { name: "Mark read" }).click();
  await page.getByRole("button", { name: "Notifications, none unread" }).waitFor();
  expect(faults).toEqual([]);
  // Shown at once, and sent a moment later: a page that is closed before leaves it to nobody.
  await until(async () => (await unread()) === 0);
  await page.close();
}

test(
  "the README's five lines are a bell in an empty Vite application with React 19",
  async () => {
    await works("19");
  },
  PATIENCE_MS,
);

test(
  "its types are found by Node's own resolution, too",
  async () => {
    await tool("typescript/bin/tsc", "--module", "nodenext", "--moduleResolution", "nodenext");
  },
  PATIENCE_MS,
);

test(
  "and in the same application with React 18",
  async () => {
    await npm(
      "install",
      ...["react", "react-dom", "@types/react", "@types/react-dom"].map((name) => `${name}@18`),
    );
    await works("18");
  },
  PATIENCE_MS,
);
