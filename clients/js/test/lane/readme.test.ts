/** README.md says what there is: its code compiles, its tables name what is exported, and nothing else. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runnerImport } from "vite";
import { expect, test, vi } from "vitest";
import * as client from "../../src";
import * as components from "../../src/components";
import * as hooks from "../../src/react";
import { blocks, names, README, rows } from "../support/readme";
import { SECRET, Server } from "../support/server";

const HERE = join(import.meta.dirname, "../..");
/** What an application has besides: its own functions, and packages of its choice. */
const APPLICATION = `
import type { Counts, ListState } from "notify-client";
declare global {
  const url: string;
  function getToken(): Promise<string>;
  function draw(list: ListState, counts: Counts): void;
}`;
const OTHERS = `
declare module "react-router" { export function useNavigate(): (to: string) => void }
declare module "sonner" { export function toast(text: string, options: { id: string }): void }`;
/** Fails to compile with the names that are in only one of both. */
const COMPARING = `
type Only<A, B> = { missing: Exclude<A, B>; surplus: Exclude<B, A> };
export const same = <Is, Said>(_: Only<Is, Said> extends { missing: never; surplus: never } ? 0 : Only<Is, Said>) => 0;`;

/** The compiler takes half a second, or a minute on a machine that is busy with much else. */
const PATIENCE_MS = 240_000;
const COMPILER_OPTIONS = {
  noUnusedLocals: false,
  paths: {
    "notify-client": [join(HERE, "src/index.ts")],
    "notify-client/react": [join(HERE, "src/react/index.ts")],
    "notify-client/components": [join(HERE, "src/components/index.ts")],
    "notify-client/style.css": [join(HERE, "src/components/style.css")],
  },
};

/** What the compiler has against these files. */
function faults(files: Readonly<Record<string, string>>): string {
  // Below node_modules: where packages are found, and nobody else looks.
  const home = mkdtempSync(join(HERE, "node_modules/.readme-"));
  const config = {
    extends: "../../tsconfig.json",
    compilerOptions: COMPILER_OPTIONS,
    files: Object.keys(files),
  };
  const all = { ...files, "tsconfig.json": JSON.stringify(config) };
  try {
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), text);
    }
    const compiler = join(HERE, "node_modules/typescript/bin/tsc");
    const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", home], {
      encoding: "utf8",
    });
    return status === 0 ? "" : `${status}: ${stdout}${stderr}`;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const union = (all: readonly string[]) => all.map((name) => JSON.stringify(name)).join(" | ") || "never";

/** A line of TypeScript that compiles if the type's keys are the names that the README says. */
const same = (type: string, said: readonly string[]) => `same<${type}, ${union(said)}>(0);`;

test(
  "every code block compiles as it stands",
  () => {
    const code = blocks().filter(({ language }) => language === "tsx" || language === "ts");
    expect(code.length).toBeGreaterThan(8);
    const files = code.map(({ code: text, language }, n) => {
      const path = /^\/\/ (\S+\.tsx?)\n/.exec(text)?.[1] ?? `block-${n}.${language}`;
      return [path, language === "ts" ? `${text}\nexport {};` : text];
    });
    const application = { "application.ts": APPLICATION, "others.d.ts": OTHERS };
    expect(faults({ ...application, ...Object.fromEntries(files) })).toBe("");
  },
  PATIENCE_MS,
);

test("the token of its backend lets that user in", async () => {
  const route = blocks().find(({ code }) => code.includes("SignJWT"))!;
  const home = mkdtempSync(join(HERE, "node_modules/.readme-"));
  const server = await Server.start();
  process.env.NOTIFY_AUTH__JWT_SECRET = SECRET;
  try {
    writeFileSync(join(home, "route.ts"), route.code);
    const { module } = await runnerImport<{ GET(): Promise<Response> }>(join(home, "route.ts"));
    const getToken = async () => (await module.GET()).text();
    const person = client.createNotifyClient({ url: server.url, user: "42", getToken, cache: false });
    await person.start();
    await vi.waitFor(() => expect(person.getState().isCurrent).toBe(true), { timeout: 20_000 });
    await person.stop();
  } finally {
    delete process.env.NOTIFY_AUTH__JWT_SECRET;
    rmSync(home, { recursive: true, force: true });
    await server.remove();
  }
});

test(
  "its tables have every prop, option, field, call, event and slot, and no other",
  () => {
    const props = rows("component", "prop");
    const own = (component: string) => props.filter(([name]) => name === component);
    const shared = rows("shared prop");
    const lines = [
      'import type { ComponentProps } from "react";',
      'import type * as it from "notify-client";',
      'import type * as ui from "notify-client/components";',
      'import type * as hooks from "notify-client/react";',
      'import { same } from "./comparing";',
      same(
        "keyof it.ClientOptions",
        rows("option", "default").flatMap(([name]) => names(name)),
      ),
      same(
        "keyof it.NotifyClient",
        rows("call", "does").flatMap(([name]) => calls(name)),
      ),
      same(
        "keyof it.ClientEvents",
        rows("event").flatMap(([name]) => names(name)),
      ),
      same("keyof it.Filters", named(/^Filters: (`[^`]+`)/m)),
      same("it.Status", named(/^Status: (`[^`]+`)/m)),
      same(
        "keyof ui.UiOptions",
        shared.flatMap(([name]) => names(name)),
      ),
      same("keyof ui.Slots", names(shared.find(([name]) => name === "`slots`")?.[1])),
      same("ui.Tab", names(own("`NotificationCenter`").find(([, name]) => name === "`tabs`")?.[2])),
      same(
        "Exclude<keyof hooks.NotifyProviderProps, keyof it.ClientOptions>",
        rows("its prop").flatMap(([name]) => names(name)),
      ),
    ];
    for (const [hook, gives] of rows("hook", "gives")) {
      const fields = names(gives);
      if (fields.length > 0) lines.push(same(`keyof ReturnType<typeof hooks.${names(hook)[0]}>`, fields));
    }
    for (const [cell = "", , isShared] of rows("component", "is")) {
      const type = `keyof ComponentProps<typeof ui.${names(cell)[0]}>`;
      const said = own(cell).flatMap(([, prop]) => names(prop));
      lines.push(same(`Exclude<${type}, keyof ui.UiOptions>`, said));
      const all = isShared === "yes" ? "keyof ui.UiOptions" : "never";
      lines.push(`same<Extract<${type}, keyof ui.UiOptions>, ${all}>(0);`);
    }
    expect(faults({ "comparing.ts": COMPARING, "tables.ts": lines.join("\n") })).toBe("");
  },
  PATIENCE_MS,
);

test("what the entries export is in it, and what it names is exported", () => {
  const said = new Set(README.split("\n").flatMap(names));
  const exported = Object.keys({ ...client, ...hooks, ...components });
  expect(exported.filter((name) => !said.has(name))).toEqual([]);
  const tables = [rows("hook", "gives"), rows("component", "is"), rows("also exported")];
  const promised = tables.flat().flatMap(([name]) => names(name));
  expect(promised.filter((name) => !exported.includes(name))).toEqual([]);
  const parts = Object.keys(components).filter((name) => /^[A-Z]/.test(name) && name !== "NotifyProvider");
  expect(
    rows("component", "is")
      .flatMap(([name]) => names(name))
      .sort(),
  ).toEqual(parts.sort());
});

test("every property that a page may set is in it, and does something", () => {
  const css = readFileSync(join(HERE, "src/components/style.css"), "utf8");
  const used = [...css.matchAll(/var\(\s*(--nt-(?![ld]-)[a-z-]+)/g)].map(([, name]) => name);
  const said = rows("property").flatMap(([name]) => names(name));
  expect(said.sort()).toEqual([...new Set(used)].sort());
});

/** The names in the code span that a line of the README begins with. */
function named(line: RegExp): string[] {
  return names(line.exec(README)?.[1]);
}

/** `snooze(ids, { until })` is snooze. */
function calls(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`(\w+)/g)].map(([, name]) => name!);
}
