/** The types of the wire are what the server says of itself. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("src/generated/wire.ts is what npm run gen would write", () => {
  const script = fileURLToPath(new URL("../../scripts/gen-types.mjs", import.meta.url));
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});
