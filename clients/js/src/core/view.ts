/** What an application is shown: one state, the same object until something of it changes. */
import type { Emitter } from "./emitter";
import type { Store } from "./store";
import type { ClientEvents, ConnectionState, ListState, State, SubscriptionTypes } from "./types";

const DRAW_AFTER_MS = 16;
/** In a burst this often: faster than anybody reads, and scrolling stays smooth. */
const DRAWS_APART_MS = 100;
const GUESS_MS = 2_000;
export const AWAY: ConnectionState = { status: "offline", reason: null, code: null };
export const INITIAL: State = {
  connection: AWAY,
  counts: { unread: 0, unseen: 0, more: false },
  isLoaded: false,
  isCurrent: false,
  subscriptions: null,
  subscriptionsError: null,
  pending: 0,
};

/** What a page without a browser renders: nothing is known yet. */
export const SERVER_STATE: State = INITIAL;
export const SERVER_LIST: ListState = {
  notifications: [],
  isLoading: false,
  isLoaded: false,
  hasMore: true,
  error: null,
};

export type Events = { change: () => void } & ClientEvents;

/** Of the state, what the store does not know. */
type Surroundings = Pick<State, "connection" | "isLoaded" | "isCurrent" | "subscriptionsError">;

export class View {
  state: State = INITIAL;
  readonly #store: Store;
  readonly #events: Emitter<Events>;
  readonly #around: () => Surroundings;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = 0;
  #guessTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, events: Emitter<Events>, around: () => Surroundings) {
    this.#store = store;
    this.#events = events;
    this.#around = around;
  }

  /** Many frames come at once: they are told together. */
  drawSoon(): void {
    if (this.#timer !== undefined) return;
    const rest = Math.min(this.#drawnAt + DRAWS_APART_MS - Date.now(), DRAWS_APART_MS);
    this.#timer = setTimeout(() => this.draw(), Math.max(DRAW_AFTER_MS, rest));
  }

  draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnAt = Date.now();
    this.#limitGuess();
    this.state = this.#next();
    this.#events.emit("change");
  }

  /** Nothing is told any more. */
  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#guessTimer);
    this.#timer = this.#guessTimer = undefined;
  }

  /** The server counts within a fraction of a second; a guess never outlives that. */
  #limitGuess(): void {
    if (!this.#store.isGuessing || this.#guessTimer !== undefined) return;
    this.#guessTimer = setTimeout(() => {
      this.#guessTimer = undefined;
      if (!this.#around().isCurrent) return;
      this.#store.endGuess();
      this.draw();
    }, GUESS_MS);
  }

  #next(): State {
    const { unread, unseen, more } = this.#store.counts;
    const { counts } = this.state;
    const isSame = counts.unread === unread && counts.unseen === unseen && counts.more === more;
    return {
      ...this.#around(),
      counts: isSame ? counts : { unread, unseen, more },
      subscriptions: this.#types(),
      pending: this.#store.rows.length,
    };
  }

  #types(): SubscriptionTypes | null {
    const next = this.#store.types;
    const before = this.state.subscriptions;
    return JSON.stringify(next) === JSON.stringify(before) ? before : next;
  }
}
