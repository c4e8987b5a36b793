/** Words for times and days in the language of the page. */
import type { Localization } from "./locales/en";
import { once } from "./once";

const DAY_MS = 86_400_000;
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["week", 7 * DAY_MS],
  ["day", DAY_MS],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

export function number(l: Localization, n: number): string {
  return once(`n ${l.locale}`, () => new Intl.NumberFormat(l.locale)).format(n);
}

/** "now", "5m ago", "2h ago", "3d ago". */
export function ago(l: Localization, rfc3339: string, now: number): string {
  const past = now - Date.parse(rfc3339);
  const words = once(
    `r ${l.locale}`,
    () => new Intl.RelativeTimeFormat(l.locale, { numeric: "auto", style: "narrow" }),
  );
  for (const [unit, length] of UNITS) {
    if (past >= length) return words.format(-Math.floor(past / length), unit);
  }
  return l.now;
}

/** The full date and time, for a tooltip and for those who listen. */
export function moment(l: Localization, rfc3339: string): string {
  const words = once(
    `m ${l.locale}`,
    () => new Intl.DateTimeFormat(l.locale, { dateStyle: "medium", timeStyle: "short" }),
  );
  return words.format(new Date(rfc3339));
}

/** The local day, as something to compare. */
export function dayKey(rfc3339: string): string {
  const date = new Date(rfc3339);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** "Today", "Yesterday", "Monday, March 3"; the year where it is another one. */
export function dayName(l: Localization, rfc3339: string, now: number): string {
  const date = new Date(rfc3339);
  if (dayKey(rfc3339) === dayKey(new Date(now).toISOString())) return l.today;
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(rfc3339) === dayKey(yesterday.toISOString())) return l.yesterday;
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  const words = once(
    `d ${l.locale} ${isThisYear}`,
    () =>
      new Intl.DateTimeFormat(l.locale, {
        weekday: "long",
        day: "numeric",
        month: "long",
        ...(isThisYear ? {} : { year: "numeric" }),
      }),
  );
  return words.format(date);
}

/** The moments that the snooze menu offers, as RFC 3339. */
export function snoozeChoices(l: Localization, now: number): { label: string; until: string }[] {
  const morning = (days: number) => {
    const date = new Date(now);
    date.setDate(date.getDate() + days);
    date.setHours(9, 0, 0, 0);
    return date.toISOString();
  };
  const toMonday = (8 - new Date(now).getDay()) % 7 || 7;
  return [
    { label: l.inAnHour, until: new Date(now + 3_600_000).toISOString() },
    { label: l.inThreeHours, until: new Date(now + 3 * 3_600_000).toISOString() },
    { label: l.tomorrow, until: morning(1) },
    { label: l.nextWeek, until: morning(toMonday) },
  ];
}

/** How far something is, 0 to 100, from `data.percent` or `data.progress`; null: it does not say. */
export function percent(data: Record<string, unknown> | undefined): number | null {
  const told = data?.percent ?? data?.progress;
  return typeof told === "number" && Number.isFinite(told) ? Math.min(100, Math.max(0, told)) : null;
}

/** 42 as "42 %", the way the language writes it. */
export function percentage(l: Localization, done: number): string {
  const style = { style: "percent", maximumFractionDigits: 0 } as const;
  return once(`% ${l.locale}`, () => new Intl.NumberFormat(l.locale, style)).format(done / 100);
}
