/** Which links of a notification are safe to follow. */

const SAFE_SCHEMES = new Set(["https:", "http:", "mailto:"]);
const IMAGE_SCHEMES = new Set(["https:", "http:"]);

function parsed(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

function resolved(text: string | null | undefined, base: string, schemes: Set<string>): string | null {
  const url = text ? parsed(text, base) : null;
  if (!text || url === null || !schemes.has(url.protocol)) return null;
  const isRelative = parsed(text) === null;
  // "//elsewhere" and "/\elsewhere" look relative and leave the site.
  return isRelative && url.origin !== new URL(base).origin ? null : url.href;
}

const here = () => (typeof location === "undefined" ? "https://localhost/" : location.href);

/** The absolute link if it is https, http, mailto or on this very site; else null: show no link. */
export function safeLink(text: string | null | undefined, base = here()): string | null {
  return resolved(text, base, SAFE_SCHEMES);
}

/** The address of a picture or film if it is https, http or on this very site; else null. */
export function safeMedia(text: string | null | undefined, base = here()): string | null {
  return resolved(text, base, IMAGE_SCHEMES);
}
