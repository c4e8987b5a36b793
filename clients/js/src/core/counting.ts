/** How many are unread and unseen: the server counts; the client guesses for a moment, and never below zero. */
import type { Notification } from "../generated/wire";
import { isSubscribed } from "./filters";
import { isUnread, isUnseen } from "./item";
import type { Counts, SubscriptionTypes } from "./types";

type Delta = Omit<Counts, "more">;

export const NOTHING: Delta = { unread: 0, unseen: 0 };
export const NO_COUNTS: Counts = { ...NOTHING, more: false };

export class Counting {
  #server: Counts = NO_COUNTS;
  /** What the server's last count cannot have yet. */
  #guess: Delta = NOTHING;

  /** What the server said, or what was kept of it. */
  load(counts: Counts): void {
    this.#server = counts;
    this.#guess = NOTHING;
  }

  /** Beyond a thousand the server's word stands, whatever is added or done. */
  get isMore(): boolean {
    return this.#server.more;
  }

  get isGuessing(): boolean {
    return this.#guess.unread !== 0 || this.#guess.unseen !== 0;
  }

  endGuess(): void {
    this.#guess = NOTHING;
  }

  /** A new one. */
  guess(item: Notification): void {
    const { unread, unseen } = this.#guess;
    this.#guess = { unread: unread + 1, unseen: unseen + Number(item.seen_at === null) };
  }

  /** The server carried an action out and has not counted since: until it has, nothing jumps. */
  hold(before: Delta, after: Delta): void {
    if (this.isMore) return;
    const { unread, unseen } = this.#guess;
    this.#guess = {
      unread: unread + before.unread - after.unread,
      unseen: unseen + before.unseen - after.unseen,
    };
  }

  /** With what the actions on their way change. */
  with(delta: Delta): Counts {
    const { unread, unseen, more } = this.#server;
    if (more) return this.#server;
    return {
      unread: Math.max(0, unread + this.#guess.unread + delta.unread),
      unseen: Math.max(0, unseen + this.#guess.unseen + delta.unseen),
      more,
    };
  }

  /** While everything is being marked: all that stays unread is what came after it. */
  whileReadingAll(held: Iterable<Notification>, types: SubscriptionTypes | null): Counts {
    const counts = { ...NOTHING };
    for (const item of held) add(counts, item, types, 1);
    return { ...counts, unseen: Math.min(this.#server.unseen, counts.unseen), more: false };
  }
}

/** What of the counts is different in what is shown from what the server has. */
export function difference(
  ids: Iterable<string>,
  base: ReadonlyMap<string, Notification>,
  shown: ReadonlyMap<string, Notification>,
  types: SubscriptionTypes | null,
): Delta {
  const delta = { ...NOTHING };
  for (const id of ids) {
    const [before, after] = [base.get(id), shown.get(id)];
    if (before === undefined) continue;
    add(delta, before, types, -1);
    if (after !== undefined) add(delta, after, types, 1);
  }
  return delta;
}

/** Counts it as the server does: not if its type is switched off. */
function add(
  counts: { unread: number; unseen: number },
  item: Notification,
  types: SubscriptionTypes | null,
  sign: 1 | -1,
): void {
  if (!isSubscribed(item, types)) return;
  if (isUnread(item)) counts.unread += sign;
  if (isUnseen(item)) counts.unseen += sign;
}
