/**
 * A small part of Markdown: **strong**, *emphasis*, `code`, [links](https://…) and bare addresses.
 *
 * It makes elements, never HTML, so nothing of a notification can run; whatever is not understood
 * stays the text that it is. Links are followed only where `safeLink` allows it.
 */
import type { ReactNode } from "react";
import { safeLink } from "../core/links";

/** One alternative per kind; none contains nested quantifiers, so long messages stay linear. */
const TOKENS =
  /\*\*(?<strong>[^*\n]{1,500})\*\*|\*(?<em>[^*\s][^*\n]{0,500})\*|`(?<code>[^`\n]{1,500})`|\[(?<label>[^[\]\n]{1,300})\]\((?<target>[^()\s]{1,2000})\)|(?<bare>https?:\/\/[^\s<>()"']{1,2000}[^\s<>()"'.,;:!?])/g;

export function Markdown({ text }: { text: string }): ReactNode {
  return rendered(text, 0);
}

function rendered(text: string, depth: number): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKENS)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push(element(match, parts.length, depth));
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

function element(match: RegExpExecArray, key: number, depth: number): ReactNode {
  const { strong, em, code, label, target, bare } = match.groups ?? {};
  const inner = (words: string) => (depth < 2 ? rendered(words, depth + 1) : words);
  if (strong) return <strong key={key}>{inner(strong)}</strong>;
  if (em) return <em key={key}>{inner(em)}</em>;
  if (code) return <code key={key}>{code}</code>;
  const href = safeLink(target ?? bare);
  if (href === null) return match[0];
  return (
    <a
      key={key}
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      onClick={(event) => event.stopPropagation()}
    >
      {label ?? bare}
    </a>
  );
}

/** The words without their marks, for places that show plain text only. */
export function plainText(text: string): string {
  return text.replace(TOKENS, (...found) => {
    const groups = found.at(-1) as Record<string, string | undefined>;
    return groups.strong ?? groups.em ?? groups.code ?? groups.label ?? groups.bare ?? "";
  });
}
