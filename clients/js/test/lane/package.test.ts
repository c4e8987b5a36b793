/** What `npm pack` would publish, and that it can be imported by its own names. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";

const HERE = join(import.meta.dirname, "../..");
const node = (script: string) =>
  execFileSync(process.execPath, ["--input-type=module", "--eval", script], { cwd: HERE, encoding: "utf8" });

test("it holds what was built and nothing else", () => {
  const text = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: HERE,
    encoding: "utf8",
  });
  const files = (JSON.parse(text) as { files: { path: string }[] }[])[0]!.files.map(({ path }) => path);
  expect(files.filter((path) => !path.startsWith("dist/")).sort()).toEqual(["README.md", "package.json"]);
});

test("every entry has its file and its types", () => {
  const manifest = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  const paths = Object.values(manifest.exports as Record<string, string | Record<string, string>>);
  for (const path of paths.flatMap((one) => (typeof one === "string" ? [one] : Object.values(one)))) {
    expect(existsSync(join(HERE, path)), path).toBe(true);
  }
});

test("the client and the hooks import without a browser, and the client without React", () => {
  const names = node(`
    const client = await import("notify-client");
    const hooks = await import("notify-client/react");
    console.log(JSON.stringify([Object.keys(client), Object.keys(hooks)]));
  `);
  const [client, hooks] = JSON.parse(names) as [string[], string[]];
  expect(client).toContain("createNotifyClient");
  expect(hooks).toEqual(
    expect.arrayContaining(["NotifyProvider", "useNotifications", "useNotificationSocket"]),
  );
  const files = [join(HERE, "dist/index.js")];
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    expect(text, file).not.toMatch(/from "react/);
    const next = [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, path]) => join(file, "..", path!));
    files.push(...next.filter((path) => !files.includes(path)));
  }
  expect(files.length).toBeGreaterThan(10);
});

test("what needs React says that it is for a browser, as Next wants it; the client alone does not", () => {
  const firstLine = (file: string) => readFileSync(join(HERE, "dist", file), "utf8").split("\n", 1)[0];
  expect(["react.js", "components.js"].map(firstLine)).toEqual(['"use client";', '"use client";']);
  expect(firstLine("index.js")).not.toContain("use client");
});

test("components render in plain Node, without a window and without a token", () => {
  const html = node(`
    import { createElement as h } from "react";
    import { renderToString } from "react-dom/server";
    import * as all from "notify-client/components";
    const getToken = () => { throw new Error("nobody asks while rendering"); };
    const { NotifyProvider, Bell, NotificationCenter, Toaster, AcknowledgeDialog } = all;
    const page = [Bell, Toaster, AcknowledgeDialog].map((one) => h(one, { key: one.name }));
    const centre = h(NotificationCenter, { variant: "page" });
    if ("window" in globalThis || "document" in globalThis) throw new Error("this is no plain Node");
    console.log(renderToString(h(NotifyProvider, { user: "42", getToken }, ...page, centre)));
  `);
  expect(html).toContain("Notifications, none unread");
  expect(html).toContain('role="tablist"');
});

/** Bytes that a page pays for a few names of an entry, minified and compressed, without React. */
async function bytes(names: string, entry: string): Promise<number> {
  const code = `import { ${names} } from "notify-client${entry}"; console.log(${names});`;
  const built = await build({
    configFile: false,
    root: HERE,
    logLevel: "error",
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === "page.js" ? join(HERE, id) : null),
        load: (id) => (id.endsWith("page.js") ? code : null),
      },
    ],
    build: {
      write: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: "page.js", external: /^react(-dom)?(\/|$)/ },
    },
  });
  const { output } = built as { output: { code?: string }[] };
  return output.reduce((sum, { code: text = "" }) => sum + gzipSync(text).length, 0);
}

test("a page pays for what it uses; a bell with a list is light (`make bench-client`)", async () => {
  expect(await bytes("Bell, NotifyProvider", "/components")).toBeLessThan(60_000);
  expect(await bytes("Markdown", "/components")).toBeLessThan(3_000);
  expect(await bytes("safeLink, PRIORITIES", "")).toBeLessThan(1_000);
});
