/** English; every other language has the same names. */
import { plural } from "./plural";

const LOCALE = "en";
const count = (n: number, one: string, other: string) => plural(LOCALE, n, { one, other });

export const en = {
  locale: LOCALE as string,
  dir: "ltr" as "ltr" | "rtl",

  title: "Notifications",
  /** The bell's name for those who do not see it. `more`: there are at least `n`. */
  bell: (n: number, more: boolean) =>
    n === 0 ? "Notifications, none unread" : `Notifications, ${more ? "more than " : ""}${n} unread`,
  close: "Close",
  back: "Back to the list",
  cancel: "Cancel",
  retry: "Try again",
  undo: "Undo",
  /** Said after what can be undone, to those who listen. */
  toUndo: "F8 leads to Undo.",

  all: "All",
  unread: "Unread",
  pinned: "Pinned",
  snoozed: "Snoozed",
  done: "Done",
  markAllRead: "Mark all read",
  filters: "Filters",
  search: "Search",
  type: "Type",
  priority: "Priority",
  source: "Source",
  tag: "Tag",
  subscribedOnly: "Only what I subscribe to",
  any: "Any",
  clearFilters: "Clear filters",
  atLeast: (priority: string) => `${priority} and above`,

  today: "Today",
  yesterday: "Yesterday",
  now: "now",
  list: "List of notifications",
  loading: "Loading …",
  emptyTitle: "All caught up",
  emptyText: "New notifications appear here the moment they arrive.",
  noMatchTitle: "Nothing found",
  noMatchText: "No notification matches these filters.",
  errorTitle: "The list could not be loaded",
  errorText: "It could not be loaded.",
  end: "That is all",
  /** What waits above while somebody reads further down. */
  newer: (n: number) => count(n, "1 new", `${n} new`),
  keys: "Arrow keys move, Enter opens, X selects, R read, P pin, S snooze, D done, Delete deletes.",

  isUnread: "Unread",
  isSelected: "Selected",
  isPinned: "Pinned",
  from: (name: string) => `From ${name}`,
  group: (n: number) => count(n, "1 event", `${n} events`),
  open: "Open",
  markRead: "Mark read",
  markUnread: "Mark unread",
  pin: "Pin",
  unpin: "Unpin",
  snooze: "Snooze",
  dismiss: "Done",
  restore: "Move back to the list",
  delete: "Delete",
  select: (title: string) => `Select ${title}`,
  until: (time: string) => `Snoozed until ${time}`,
  showAll: "Show all",
  showLess: "Show less",
  picture: "Attached picture",
  progress: "Progress",

  inAnHour: "In an hour",
  inThreeHours: "In three hours",
  tomorrow: "Tomorrow morning",
  nextWeek: "Next Monday",

  selection: "Selection",
  selected: (n: number) => count(n, "1 selected", `${n} selected`),
  selectAll: "Select all shown",
  clearSelection: "Clear selection",
  dropHere: "Drop here",

  didDismiss: (n: number) => count(n, "Moved to Done", `${n} moved to Done`),
  didDelete: (n: number) => count(n, "Deleted", `${n} deleted`),
  didSnooze: (n: number) => count(n, "Snoozed", `${n} snoozed`),
  didPin: (n: number) => count(n, "Pinned", `${n} pinned`),
  didRead: (n: number) => count(n, "Marked read", `${n} marked read`),
  refused: "That did not work",

  settings: "Notification settings",
  subscriptions: "What I hear about",
  subscriptionsText: "A type that is off is still listed, but neither announced nor counted.",
  required: "Always on",
  sound: "Sound",
  soundText: "A short tone when something arrives.",
  desktop: "Desktop notifications",
  desktopText: "Shown by your system while this page is in the background.",
  desktopDenied: "Blocked in this browser's settings for this site.",
  askTitle: "Show notifications on your desktop?",
  askText:
    "Your browser will ask you next. If you allow it, you see what arrives even when this page is in the background. You can switch it off here at any time; nothing is sent to others.",
  allow: "Continue",
  notNow: "Not now",

  acknowledge: "Acknowledge",
  acknowledged: "Acknowledged",
  acknowledgeTitle: "Please confirm",
  later: "Later",

  away: (n: number) =>
    count(n, "1 notification came while you were away", `${n} notifications came while you were away`),
  more: (n: number) => count(n, "1 more notification", `${n} more notifications`),
  arrived: (title: string) => `New notification: ${title}`,
  status: {
    connecting: "Connecting",
    connected: "Connected",
    reconnecting: "Reconnecting",
    offline: "Offline",
    refused: "Not connected",
  },
  waiting: (n: number) => count(n, "1 change waits to be sent", `${n} changes wait to be sent`),
  priorities: { low: "Low", normal: "Normal", high: "High", urgent: "Urgent", critical: "Critical" },
  /** Names of types; one that is missing shows its own, with spaces for underscores. */
  types: {
    system: "System",
    user_action: "People",
    progress_update: "Progress",
    alert: "Alerts",
    error: "Errors",
    success: "Success",
    info: "Information",
    warning: "Warnings",
    admin: "Administration",
    security: "Security",
  } as Record<string, string>,
};

export type Localization = typeof en;
