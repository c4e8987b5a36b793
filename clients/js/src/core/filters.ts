/** Filters as the server understands them, so that live ones fall into the right lists. */
import { PRIORITIES, type Notification } from "../generated/wire";
import { isSnoozed } from "./item";
import type { Filters, SubscriptionTypes } from "./types";

/** The same text for the same filters, whatever their order; switched off ones do not count. */
export function filterKey(filters: Filters): string {
  return JSON.stringify(Object.entries(cleaned(filters)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without what says nothing. */
export function cleaned(filters: Filters): Filters {
  const said = Object.entries(filters).filter(
    ([, value]) => value !== undefined && value !== null && value !== false && value !== "",
  );
  return Object.fromEntries(said) as Filters;
}

const rank = (item: Notification) => PRIORITIES.indexOf(item.priority);

function hasWords(item: Notification, words: string): boolean {
  const text = `${item.title}\n${item.message}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Whether its type is switched on; critical ones cannot be switched off. */
export function isSubscribed(item: Notification, types: SubscriptionTypes | null): boolean {
  return item.priority === "critical" || types?.[item.type]?.subscribed !== false;
}

/**
 * Whether a list with these filters shows it.
 *
 * @param now the moment, RFC 3339 in UTC.
 */
export function matches(
  item: Notification,
  filters: Filters,
  now: string,
  types: SubscriptionTypes | null,
): boolean {
  const { min_priority, max_age_s } = filters;
  return (
    item.is_dismissed === (filters.dismissed ?? false) &&
    isSnoozed(item) === (filters.snoozed ?? false) &&
    (item.expires_at === null || item.expires_at === undefined || item.expires_at > now) &&
    (!filters.pinned || item.pinned_at !== null) &&
    (!filters.unread || !item.is_read) &&
    (!filters.type || item.type === filters.type) &&
    (!filters.source || item.source === filters.source) &&
    (!filters.tag || (item.tags ?? []).includes(filters.tag)) &&
    (!min_priority || rank(item) >= PRIORITIES.indexOf(min_priority)) &&
    (!max_age_s || item.sort_at >= new Date(Date.parse(now) - max_age_s * 1000).toISOString()) &&
    (!filters.q || hasWords(item, filters.q)) &&
    (!filters.subscribed || isSubscribed(item, types))
  );
}
