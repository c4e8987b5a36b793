/** The package's README, part by part: what it says is tested. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const TEXT = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** A code block, with the heading or the bold words that it stands under. */
export interface Block {
  readonly under: string;
  readonly language: string;
  readonly code: string;
}

/** Every code block, in order. */
export function blocks(): Block[] {
  const found: Block[] = [];
  let under = "";
  for (const [, heading, language, code] of TEXT.matchAll(
    /^(?:#+ (.+)|\*\*(?:.+?)\*\*.*|```(\w*)\n([\s\S]*?)^```)$/gm,
  )) {
    if (code !== undefined) found.push({ under, language: language ?? "", code });
    else if (heading !== undefined) under = heading;
  }
  return found;
}
