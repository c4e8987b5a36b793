/** Lists: filters over the store, and how far down each of them is complete. */
import type { Notification, Page } from "../generated/wire";
import { cleaned, filterKey, matches } from "./filters";
import { byPlace, type Place } from "./item";
import type { Store } from "./store";
import type { Filters, ListState, Refusal } from "./types";

export interface List {
  readonly key: string;
  readonly filters: Filters;
  /** The oldest that was fetched: what is below it has gaps. null: nothing was fetched. */
  floor: Place | null;
  /** The server's cursor for what is below. */
  older: string | null;
  /** The server has no more. */
  isComplete: boolean;
  /** What is held may have gaps: the newest page must be fetched. */
  isStale: boolean;
  isLoading: boolean;
  error: Refusal | null;
  /** How many show it. */
  watchers: number;
  state: ListState | null;
  /** What `state` was worked out from. */
  version: number;
}

const MAIN = filterKey({});
const NOTHING: readonly Notification[] = [];
/** How many lists are remembered: every search makes one. */
const REMEMBERED = 64;

export class Lists {
  readonly #store: Store;
  readonly #all = new Map<string, List>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Those that somebody looks at, and the one without filters, which the cache keeps. */
  get watched(): List[] {
    const { main } = this;
    return [main, ...[...this.#all.values()].filter((list) => list.watchers > 0 && list !== main)];
  }

  get main(): List {
    return this.of({});
  }

  of(filters: Filters): List {
    const key = filterKey(filters);
    let list = this.#all.get(key);
    if (list === undefined) {
      this.#makeRoom();
      list = {
        key,
        filters: cleaned(filters),
        floor: null,
        older: null,
        isComplete: false,
        isStale: true,
        isLoading: false,
        error: null,
        watchers: 0,
        state: null,
        version: -1,
      };
      this.#all.set(key, list);
    }
    return list;
  }

  /** The oldest that nobody looks at are forgotten. */
  #makeRoom(): void {
    for (const [key, list] of this.#all) {
      if (this.#all.size < REMEMBERED) return;
      if (list.watchers === 0 && !list.isLoading && key !== MAIN) this.#all.delete(key);
    }
  }

  /** The same object until something of it changes. */
  state(filters: Filters): ListState {
    const list = this.of(filters);
    if (list.state !== null && list.version === this.#store.version) return list.state;
    list.version = this.#store.version;
    const found = this.#found(list);
    const before = list.state;
    const notifications = before && isSame(before.notifications, found) ? before.notifications : found;
    const next: ListState = {
      notifications,
      isLoading: list.isLoading,
      isLoaded: list.floor !== null || list.isComplete || notifications.length > 0,
      hasMore: !list.isComplete,
      error: list.error,
    };
    if (before === null || !isAlike(before, next)) list.state = next;
    return list.state ?? next;
  }

  #found(list: List): readonly Notification[] {
    const now = new Date().toISOString();
    const floor = this.#floor(list);
    const found = [];
    for (const item of this.#store.sorted) {
      if (floor !== null && byPlace(item, floor) > 0) break;
      if (matches(item, list.filters, now, this.#store.types)) found.push(item);
    }
    return found.length > 0 ? found : NOTHING;
  }

  /** Down to where everything that belongs into it is held; null: all that is held is shown. */
  #floor(list: List): Place | null {
    if (list.isComplete) return null;
    const { dismissed, snoozed, pinned } = list.filters;
    const main = this.main;
    if (dismissed || snoozed || pinned || list === main) return lower(list.floor, null);
    if (main.isComplete) return null;
    return lower(list.floor, main.floor);
  }

  /** Takes a page. */
  listed(list: List, page: Page): void {
    const { before, has_more } = page.page_info;
    const last = page.items.at(-1);
    // The newest once more, while what is below them is still whole: it stays as far as it went.
    const isWithin = has_more && last !== undefined && !list.isStale && reaches(list, last);
    if (!isWithin) {
      list.older = has_more ? before : null;
      list.isComplete = !has_more;
      if (last !== undefined) list.floor = { id: last.id, sort_at: last.sort_at };
    }
    list.isStale = false;
    list.error = null;
    this.#store.version++;
  }

  /** Whatever was told of a list changed: its state is worked out anew. */
  touch(list: List): void {
    list.version = -1;
  }

  /** Nothing below this place is held any longer. */
  cutAt(place: Place): void {
    for (const list of this.#all.values()) {
      if (list.floor !== null && byPlace(list.floor, place) < 0) continue;
      Object.assign(list, { floor: place, older: null, isComplete: false });
    }
    this.#store.version++;
  }

  /** What is held is no longer known to be complete: lists start from the top again. */
  reset(): void {
    for (const list of this.#all.values()) {
      list.isStale = true;
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (const list of this.#all.values()) {
      Object.assign(list, { floor: null, older: null, isComplete: false, error: null, state: null });
      list.isStale = true;
    }
  }
}

/** Whether the list is without gaps down to a place and further. */
function reaches(list: List, place: Place): boolean {
  return list.isComplete || (list.floor !== null && byPlace(place, list.floor) < 0);
}

/** The older of two places. */
function lower(a: Place | null, b: Place | null): Place | null {
  if (a === null || b === null) return a ?? b;
  return byPlace(a, b) > 0 ? a : b;
}

function isSame(a: readonly Notification[], b: readonly Notification[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

function isAlike(a: ListState, b: ListState): boolean {
  return (
    a.notifications === b.notifications &&
    a.isLoading === b.isLoading &&
    a.isLoaded === b.isLoaded &&
    a.hasMore === b.hasMore &&
    a.error === b.error
  );
}
