/** `notify-client`: the client and its store, without React. */
export { createNotifyClient, NotifyClient, type Ids, type Snooze } from "./core/client";
export { filterKey, matches } from "./core/filters";
export { isSnoozed, isUnread } from "./core/item";
export { safeLink, safeMedia } from "./core/links";
export type {
  Announcement,
  ClientEvents,
  ClientOptions,
  ConnectionState,
  Counts,
  Filters,
  ListState,
  NotifySocket,
  Outcome,
  Refusal,
  State,
  Status,
  SubscriptionTypes,
  Verb,
} from "./core/types";
export { PRIORITIES } from "./generated/wire";
export type {
  ClientPayloads,
  ErrorCode,
  Notification,
  Page,
  Priority,
  Problem,
  ServerPayloads,
  Submission,
  Subscriptions,
} from "./generated/wire";
