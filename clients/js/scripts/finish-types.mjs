/**
 * Makes the declarations in dist stand alone. Relative imports name their file, as Node's own resolution
 * wants it, and so that "../react" is not taken for react.js; the CSS has no types and is not imported.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const IMPORT = /(\bfrom |\bimport\()"(\.[^"]+)"/g;

function named(path, from) {
  const file = [`${path}.js`, `${path}/index.js`].find((one) =>
    existsSync(join(dirname(from), one.replace(/\.js$/, ".d.ts"))),
  );
  if (file === undefined) throw new Error(`${from}: there are no declarations of ${path}`);
  return file;
}

for (const name of readdirSync(DIST, { recursive: true }).filter((one) => one.endsWith(".d.ts"))) {
  const file = join(DIST, name);
  const text = readFileSync(file, "utf8")
    .replace(/^import "[^"]+\.css";\n/gm, "")
    .replace(IMPORT, (_, before, path) => `${before}"${named(path, file)}"`);
  writeFileSync(file, text);
}
