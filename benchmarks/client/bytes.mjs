/**
 * How many bytes "a bell with a list" costs: ours, Novu's and Knock's, bundled in one run by one bundler
 * with the same settings, React outside for all of them. `make bench-client` calls it.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
const OURS = join(ROOT, "clients/js");
/** Where the peers are installed; no part of the product. */
const HOME = join(ROOT, "var/bench/client");
const RESULTS = join(ROOT, "benchmarks/results/client.json");
const COPIED = [".npmrc", "package.json", "package-lock.json", "entries"];
const PEERS = { novu: "@novu/react", knock: "@knocklabs/react" };
/** Of ours alone: what more or less than the bell costs. */
const PARTS = ["everything", "hooks", "client"];
/** Ours is to be at most this share of the smaller peer. */
const TARGET = 0.5;

const { build, version } = await import(
  pathToFileURL(
    join(
      dirname(createRequire(join(OURS, "package.json")).resolve("vite/package.json")),
      "dist/node/index.js",
    ),
  )
);
const read = (path) => JSON.parse(readFileSync(path, "utf8"));

function install() {
  const lock = readFileSync(join(HERE, "package-lock.json"), "utf8");
  const stamp = join(HOME, ".installed");
  const isThere = existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
  mkdirSync(HOME, { recursive: true });
  for (const name of COPIED) cpSync(join(HERE, name), join(HOME, name), { recursive: true });
  if (isThere) return;
  console.error("Installing @novu/react and @knocklabs/react …");
  execFileSync("npm", ["ci", "--ignore-scripts", "--loglevel=error"], { cwd: HOME, stdio: "inherit" });
  writeFileSync(stamp, lock);
}

/** Our own entries as they are published: what `npm run build:lib` made, by the manifest's names. */
function published() {
  const { exports: entries } = read(join(OURS, "package.json"));
  return Object.entries(entries).map(([name, target]) => ({
    find: new RegExp(`^notify-client${name.slice(1).replaceAll(".", "\\.")}$`),
    replacement: join(OURS, target.default ?? target),
  }));
}

async function bundle(entry) {
  const { output } = await build({
    configFile: false,
    root: HOME,
    logLevel: "error",
    resolve: { alias: published() },
    build: {
      write: false,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: join(HOME, "entries", `${entry}.js`),
        preserveEntrySignatures: "strict",
        external: /^react(-dom)?(\/|$)/,
      },
    },
  });
  return output;
}

const NOTHING = { files: 0, minified: 0, gzip: 0 };

/** Each file is compressed by itself, as a server sends it. */
function weigh(files) {
  return files.reduce((sum, { code, source }) => {
    const bytes = Buffer.from(code ?? source);
    return {
      files: sum.files + 1,
      minified: sum.minified + bytes.length,
      gzip: sum.gzip + gzipSync(bytes, { level: 9 }).length,
    };
  }, NOTHING);
}

/** What is needed before anything is shown, what is fetched when it is wanted, and the CSS. */
async function measure(entry) {
  const output = await bundle(entry);
  const chunks = new Map(output.filter(({ type }) => type === "chunk").map((one) => [one.fileName, one]));
  const first = new Set([...chunks.keys()].filter((name) => chunks.get(name).isEntry));
  for (const name of first)
    for (const next of chunks.get(name).imports) if (chunks.has(next)) first.add(next);
  const all = [...chunks.values()];
  const script = weigh(all.filter(({ fileName }) => first.has(fileName)));
  const later = weigh(all.filter(({ fileName }) => !first.has(fileName)));
  const css = weigh(output.filter(({ fileName }) => fileName.endsWith(".css")));
  return { script, later, css, first: script.gzip + css.gzip, all: script.gzip + later.gzip + css.gzip };
}

const installed = (name) => read(join(HOME, "node_modules", name, "package.json")).version;
const kb = ({ gzip }) => (gzip / 1000).toFixed(1);

function table(rows) {
  console.log("| package | version | script at first | script later | CSS | at first, all |");
  console.log("|---|---|---:|---:|---:|---:|");
  for (const { name, version: its, script, later, css, first } of rows) {
    console.log(`| ${name} | ${its} | ${kb(script)} | ${kb(later)} | ${kb(css)} | ${kb({ gzip: first })} |`);
  }
}

/** Only this half of the results; the other is the page's. */
function keep(bytes) {
  mkdirSync(dirname(RESULTS), { recursive: true });
  const results = existsSync(RESULTS) ? read(RESULTS) : {};
  writeFileSync(RESULTS, `${JSON.stringify({ ...results, bytes }, null, 2)}\n`);
}

install();
const own = read(join(OURS, "package.json")).version;
const ours = { name: "notify-client", version: own, ...(await measure("ours")) };
const peers = [];
for (const [entry, name] of Object.entries(PEERS)) {
  peers.push({ name, version: installed(name), ...(await measure(entry)) });
}
const parts = [];
for (const part of PARTS) parts.push({ name: part, version: own, ...(await measure(part)) });

console.log(`A bell with a list, KB after minify and gzip -9 (Vite ${version}, React outside):\n`);
table([ours, ...peers]);
console.log("\nOf ours alone:\n");
table(parts);
const smaller = Math.min(...peers.map(({ first }) => first));
const ratio = ours.first / smaller;
console.log(
  `\nOurs is ${(100 * ratio).toFixed(0)} % of the smaller one (wanted: at most ${100 * TARGET} %): ${ratio <= TARGET ? "met" : "missed"}.`,
);
keep({
  measured: new Date().toISOString(),
  node: process.version,
  vite: version,
  ours,
  peers,
  parts,
  target: TARGET,
  ratio,
});
