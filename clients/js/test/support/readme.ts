/** The package's README, part by part: what it says is tested. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const README = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** A code block, with the heading that it stands under. */
export interface Block {
  readonly under: string;
  readonly language: string;
  readonly code: string;
}

/** Every code block, in order. */
export function blocks(): Block[] {
  const found: Block[] = [];
  let under = "";
  for (const [, heading, language, code] of README.matchAll(/^(?:#+ (.+)|```(\w*)\n([\s\S]*?)^```)$/gm)) {
    if (code !== undefined) found.push({ under, language: language ?? "", code });
    else if (heading !== undefined) under = heading;
  }
  return found;
}

/** The rows of the table whose first heading cells are these, an empty cell filled from above. */
export function rows(...headings: string[]): string[][] {
  const cells = (line: string) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
  const lines = README.split("\n");
  const start = lines.findIndex((line) => headings.every((heading, n) => cells(line)[n] === heading));
  if (start < 0) throw new Error(`the README has no table with ${headings.join(", ")}`);
  const found: string[][] = [];
  for (let at = start + 2; lines[at]?.startsWith("|"); at++) {
    const row = cells(lines[at]!);
    found.push([row[0] || found.at(-1)?.[0] || "", ...row.slice(1)]);
  }
  return found;
}

/** The names in code spans: `useCounts()` is useCounts, `unread unseen` are two. */
export function names(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([^`]+)`/g)].flatMap(([, code]) =>
    code!
      .replace(/\(.*?\)/g, "")
      .trim()
      .split(/\s+/),
  );
}
