/** Words for times, days and counts, and which links are safe to follow. */

const SAFE_SCHEMES = new Set(["https:", "http:", "mailto:"]);
const DAY_MS = 86_400_000;

/** Largest first: the first unit that fits is used. */
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", DAY_MS],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const dayName = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "medium" });

/** "now", "5m ago", "2h ago", "3d ago". */
export function ago(rfc3339: string, now: number): string {
  const past = now - Date.parse(rfc3339);
  for (const [unit, length] of UNITS) {
    if (past >= length) return relative.format(-Math.floor(past / length), unit);
  }
  return "now";
}

/** The full date and time, for a tooltip. */
export function moment(rfc3339: string): string {
  return exact.format(new Date(rfc3339));
}

/** "Today", "Yesterday", "Monday, March 3". */
export function day(rfc3339: string, now: number): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const at = Date.parse(rfc3339);
  if (at >= midnight) return "Today";
  return at >= midnight - DAY_MS ? "Yesterday" : dayName.format(new Date(at));
}

/** What fits on a bell. */
export function badge(count: number): string {
  return count > 99 ? "99+" : String(count);
}

/** What a screen reader says of the bell. */
export function bellLabel(count: number, more: boolean): string {
  if (count === 0) return "Notifications, none unread";
  return `Notifications, ${more ? "more than " : ""}${count} unread`;
}

/** The link if it is safe to follow: https, http, mailto, or on this very site; else null. */
export function safeLink(text: string | null | undefined, base: string): string | null {
  if (!text || !URL.canParse(text, base)) return null;
  const url = new URL(text, base);
  if (!SAFE_SCHEMES.has(url.protocol)) return null;
  const isRelative = !URL.canParse(text);
  // "//elsewhere" and "/\elsewhere" look relative and leave the site.
  return isRelative && url.origin !== new URL(base).origin ? null : url.href;
}

/** How far something is, 0 to 100, from `data.percent` or `data.progress`; null: it does not say. */
export function percent(data: Record<string, unknown> | undefined): number | null {
  const told = data?.percent ?? data?.progress;
  return typeof told === "number" && Number.isFinite(told) ? Math.min(100, Math.max(0, told)) : null;
}
