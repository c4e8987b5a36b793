/**
 * What is held: the server's truth, the user's own actions on top of it, and both together in order.
 *
 * Plain code without any I/O. `client.ts` feeds the events in; `lists.ts` reads the order.
 */
import type { Notification, ServerPayloads, Subscriptions } from "../generated/wire";
import type { Meta } from "./cache";
import { Counting, difference, NO_COUNTS, NOTHING } from "./counting";
import { acted, byPlace, effect, isKnown, isMeant, isUnread, merged } from "./item";
import { concerns, type Row } from "./rows";
import type { Counts, SubscriptionTypes } from "./types";

/** How many removed ids are remembered: a late retry must not bring them back. */
const GONE = 1_000;
/** How many notifications are held in memory; pinned ones aside. */
export const HELD = 20_000;

/** What a frame turned out to be. */
export type Verdict = "new" | "revised" | "reminder" | "duplicate";
type Frame = ServerPayloads["notification"];
type Updated = ServerPayloads["notification_updated"];

/** What changed since it was last kept. */
interface Dirt {
  items: Set<string>;
  isMeta: boolean;
}

export class Store {
  /** As the server has it. */
  readonly base = new Map<string, Notification>();
  gone = new Set<string>();
  /** The user's own actions, oldest first, on their way. */
  rows: readonly Row[] = [];
  /** With the user's own actions on it. */
  readonly shown = new Map<string, Notification>();
  /** `shown`, newest first. Changed in place: `version` tells when. */
  readonly sorted: Notification[] = [];
  version = 0;
  /** What was given up because too much is held: lists end above it. */
  cut: Notification | null = null;
  dirt: Dirt = { items: new Set(), isMeta: false };
  /** Pages under way: ids that events touched meanwhile are newer than the page. */
  readonly fetches = new Set<Set<string>>();

  readonly #counting = new Counting();
  #types: SubscriptionTypes | null = null;

  /** The counts to keep; actions come by themselves. */
  get keptCounts(): Counts {
    return this.#counting.with(NOTHING);
  }

  /** Shows what the cache held. */
  load(items: Iterable<Notification>, meta: Pick<Meta, "gone" | "counts" | "types">): void {
    this.gone = new Set([...meta.gone, ...this.gone]);
    for (const item of items) {
      if (!this.gone.has(item.id) && !this.base.has(item.id)) this.#put(item, false);
    }
    this.#counting.load(meta.counts);
    this.#types = meta.types;
    this.version++;
  }

  /** Takes a `notification` frame, and says whether it is worth telling. */
  receive(frame: Frame): Verdict {
    const incoming = frame.notification;
    if (this.gone.has(incoming.id)) return "duplicate";
    const held = this.base.get(incoming.id);
    const known = held !== undefined && isKnown(held, incoming);
    if (known) return frame.reminder ? "reminder" : "duplicate";
    const item = merged(held, incoming);
    this.#put(item);
    if (held === undefined || item.sort_at !== held.sort_at) {
      const wasUnread = held !== undefined && isUnread(held);
      if (isUncounted(frame) && isUnread(item) && !wasUnread) this.#counting.guess(item);
      return frame.reminder ? "reminder" : "new";
    }
    return frame.reminder ? "reminder" : "revised";
  }

  /** Takes `notification_updated`. */
  update(updated: Updated): void {
    const { changes } = updated;
    const limit = updated.before ? this.base.get(updated.before) : undefined;
    const meant = updated.all ? [...this.base.keys()] : (updated.ids ?? []);
    for (const id of meant) {
      const held = this.base.get(id);
      if (held !== undefined && isMeant(held, updated, limit)) this.#put({ ...held, ...changes });
    }
  }

  /** Whether an update brings something back into the list that is not held. */
  lacks({ ids = [], changes }: Updated): boolean {
    const isBack = changes.is_dismissed === false || changes.snoozed_until === null;
    return isBack && ids.some((id) => !this.base.has(id) && !this.gone.has(id));
  }

  /** Takes `notification_removed`. */
  remove(ids: readonly string[]): void {
    for (const id of ids) {
      this.gone.delete(id);
      this.gone.add(id);
      this.#drop(id);
    }
    for (const id of this.gone) {
      if (this.gone.size <= GONE) break;
      this.gone.delete(id);
    }
    this.dirt.isMeta = true;
  }

  /** Takes `notification_count`: the server alone counts. */
  counted({ count, unseen, more }: Omit<ServerPayloads["notification_count"], "cursor">): void {
    this.#counting.load({ unread: count, unseen, more });
    this.dirt.isMeta = true;
    this.version++;
  }

  get isGuessing(): boolean {
    return this.#counting.isGuessing;
  }

  /** The server has had time to count: what it said last stands. */
  endGuess(): void {
    this.#counting.endGuess();
    this.version++;
  }

  /** The server's counts, with the client's own guess for what it has not counted yet. */
  get counts(): Counts {
    if (this.rows.some(isReadAll)) return this.#counting.whileReadingAll(this.sorted, this.types);
    if (this.#counting.isMore) return this.keptCounts;
    const ids = new Set(this.rows.flatMap((row) => row.ids));
    return this.#counting.with(difference(ids, this.base, this.shown, this.#types));
  }

  /** An action: shown at once. `before` names the one that it goes before; default: it is the newest. */
  addRow(row: Row, before?: string): void {
    const at = this.rows.findIndex(({ key }) => key === before);
    this.rows = at < 0 ? [...this.rows, row] : [...this.rows.slice(0, at), row, ...this.rows.slice(at)];
    this.#refresh(row.ids);
    this.version++;
  }

  /** Takes ids out of an action, or all of it: what it showed is undone. */
  dropRow(key: string, ids?: readonly string[]): void {
    const row = this.rows.find((one) => one.key === key);
    if (row === undefined) return;
    const dropped = new Set(ids);
    const rest = ids ? row.ids.filter((id) => !dropped.has(id)) : [];
    this.rows =
      rest.length > 0
        ? this.rows.map((one) => (one === row ? { ...one, ids: rest } : one))
        : this.rows.filter((one) => one !== row);
    this.#refresh(row.ids);
    this.version++;
  }

  /** The server carried an action out: what it showed becomes the truth. */
  commitRow(key: string, isCounted: boolean): void {
    const row = this.rows.find((one) => one.key === key);
    if (row === undefined) return;
    const before = this.counts;
    this.rows = this.rows.filter((one) => one !== row);
    if (row.verb === "delete") this.remove(row.ids);
    else this.#commit(row);
    // Until the server has counted, nothing jumps.
    if (!isCounted) this.#counting.hold(before, this.counts);
    this.version++;
  }

  #commit(row: Row): void {
    const changes = effect(row.verb, row.at, row.detail);
    for (const id of row.ids) {
      const held = this.base.get(id);
      if (held !== undefined) this.#put(acted(held, changes));
    }
    this.#commitTypes(row);
  }

  /** These are sent by this tab, whichever one they were done in. */
  moveRows(keys: ReadonlySet<string>, tab: string): void {
    this.rows = this.rows.map((one) => (keys.has(one.key) && one.tab !== tab ? { ...one, tab } : one));
  }

  markSent(key: string): void {
    this.rows = this.rows.map((one) => (one.key === key ? { ...one, isSent: true } : one));
  }

  /**
   * Takes a page of the list as the server has it.
   *
   * @param asked ids held when it was asked for that the page would have had: only of these an
   *   absence means something.
   * @param touched ids that events changed meanwhile: they know better.
   */
  listed(items: readonly Notification[], asked: readonly string[], touched: ReadonlySet<string>): void {
    const found = new Set(items.map((item) => item.id));
    for (const id of asked) {
      if (!found.has(id) && !touched.has(id)) this.#drop(id);
    }
    for (const item of items) {
      const held = this.base.get(item.id);
      if (this.gone.has(item.id) || (held !== undefined && held.revision > item.revision)) continue;
      if (held !== undefined && touched.has(item.id)) continue;
      this.#put(item);
    }
    this.version++;
  }

  /** Subscriptions with the user's own edits. */
  get types(): SubscriptionTypes | null {
    const edits = this.rows.filter((row) => row.detail.types !== undefined);
    if (this.#types === null || edits.length === 0) return this.#types;
    return edits.reduce(edited, this.#types);
  }

  setTypes(types: Subscriptions["types"]): void {
    this.#types = types;
    this.dirt.isMeta = true;
    this.version++;
  }

  get serverTypes(): SubscriptionTypes | null {
    return this.#types;
  }

  #commitTypes(row: Row): void {
    if (row.detail.types && this.#types) this.setTypes(edited(this.#types, row));
  }

  /** Forgets everything. */
  clear(): void {
    for (const part of [this.base, this.shown, this.gone]) part.clear();
    this.sorted.length = 0;
    this.rows = [];
    this.cut = null;
    this.#types = null;
    this.#counting.load(NO_COUNTS);
    this.dirt = { items: new Set(), isMeta: false };
    this.version++;
  }

  #put(item: Notification, isDirty = true): void {
    this.base.set(item.id, item);
    if (isDirty) this.#touch(item.id);
    this.#refresh([item.id]);
    if (this.sorted.length > HELD) this.#trim();
    this.version++;
  }

  #drop(id: string): void {
    if (!this.base.delete(id)) return;
    this.#touch(id);
    this.#refresh([id]);
    this.version++;
  }

  #touch(id: string): void {
    this.dirt.items.add(id);
    for (const touched of this.fetches) touched.add(id);
  }

  /** Works out what is shown of these. */
  #refresh(ids: readonly string[]): void {
    for (const id of ids) this.#place(id, this.#overlaid(id));
  }

  #overlaid(id: string): Notification | undefined {
    let item = this.base.get(id);
    for (const row of this.rows) {
      if (item === undefined) return undefined;
      if (!concerns(row, id)) continue;
      item = row.verb === "delete" ? undefined : acted(item, effect(row.verb, row.at, row.detail));
    }
    return item;
  }

  #place(id: string, item: Notification | undefined): void {
    const before = this.shown.get(id);
    if (before === item) return;
    if (before !== undefined) {
      const at = indexOf(this.sorted, before);
      if (item !== undefined && item.sort_at === before.sort_at) {
        this.sorted[at] = item;
        this.shown.set(id, item);
        return;
      }
      this.sorted.splice(at, 1);
      this.shown.delete(id);
    }
    if (item === undefined) return;
    this.sorted.splice(indexOf(this.sorted, item), 0, item);
    this.shown.set(id, item);
  }

  /** Gives the oldest up, a tenth at a time. */
  #trim(): void {
    const from = HELD - HELD / 10;
    const old = this.sorted.slice(from).filter((item) => item.pinned_at === null);
    this.cut = this.sorted[from - 1] ?? null;
    for (const { id } of old) {
      this.base.delete(id);
      this.#refresh([id]);
    }
  }
}

/**
 * Whether the server's last count cannot have it yet. What is replayed or tried again was counted long
 * ago; a later revision for many says nothing of the user's own state.
 */
function isUncounted({ notification, replayed, attempt = 1 }: Frame): boolean {
  return !replayed && attempt === 1 && (notification.sort_at !== undefined || notification.revision === 1);
}

function isReadAll(row: Row): boolean {
  return row.verb === "mark_all_read" && !row.detail.type && !row.detail.tags?.length;
}

function edited(types: SubscriptionTypes, { verb, detail }: Row): SubscriptionTypes {
  const subscribed = verb === "subscribe";
  const next = { ...types };
  for (const type of detail.types ?? []) {
    next[type] = { required: next[type]?.required ?? false, subscribed };
  }
  return next;
}

/** Where it is, or belongs. */
function indexOf(sorted: readonly Notification[], item: Notification): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byPlace(sorted[middle]!, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
