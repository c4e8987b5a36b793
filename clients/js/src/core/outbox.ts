/** Actions on their way: shown at once, kept until the server has answered, sent in order. */
import type { BatchDone, Subscriptions } from "../generated/wire";
import type { Cache } from "./cache";
import { jittered, RefusedError, type Connection } from "./connection";
import { portions, payloadOf, type Row, type RowDetail } from "./rows";
import type { Clash, Store } from "./store";
import type { Tabs } from "./tabs";
import type { Outcome, Refusal, Verb } from "./types";

/** Refusals that pass; whoever sees one tries again. */
const PASSING = new Set(["RATE_LIMITED", "UNAVAILABLE", "NO_ANSWER", "INTERNAL"]);
/** A fault of the server's own may stay: then the action is taken back. */
const INTERNAL_TRIES = 3;
const WAIT_MAX_MS = 15_000;

export interface OutboxHooks {
  cache: () => Promise<Cache | null>;
  /** What the store holds changed. */
  onChange: () => void;
  onRefused: (verb: Verb, ids: readonly string[], refusal: Refusal) => void;
  onTypes: (types: Subscriptions["types"]) => void;
  onFault: (message: string, error: unknown) => void;
  /** How many counts the server has sent. */
  countsSeen: () => number;
}

type Answer = Partial<BatchDone & Subscriptions>;

export class Outbox {
  /** Settled rows that are still in the cache. */
  done: string[] = [];
  readonly #store: Store;
  readonly #connection: Connection;
  readonly #tabs: () => Tabs | null;
  readonly #hooks: OutboxHooks;
  /** Keys of the rows that this tab sends. */
  readonly #mine = new Set<string>();
  /** Rows on their way into the cache. */
  readonly #writes = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  #isOpen = false;
  #isDraining = false;
  #tries = 0;

  constructor(store: Store, connection: Connection, tabs: () => Tabs | null, hooks: OutboxHooks) {
    this.#store = store;
    this.#connection = connection;
    this.#tabs = tabs;
    this.#hooks = hooks;
  }

  /** Keys of the rows that this tab sends. */
  get keys(): Iterable<string> {
    return this.#mine;
  }

  /** Shows an action at once and sends it as soon as can be; the outcome may come much later. */
  async act(verb: Verb, ids: readonly string[], detail: RowDetail = {}): Promise<Outcome> {
    const parts = verb === "mark_all_read" ? [[...ids]] : portions(verb, ids);
    if (detail.types !== undefined) parts.push([]);
    const outcomes = parts.map((part) => this.#add(verb, part, detail));
    this.#hooks.onChange();
    void this.drain();
    const settled = await Promise.all(outcomes);
    return settled.find((outcome) => !outcome.ok) ?? { ok: true };
  }

  #add(verb: Verb, ids: string[], detail: RowDetail): Promise<Outcome> {
    const row: Row = {
      key: makeKey(),
      tab: this.#tabs()?.id ?? "",
      verb,
      ids,
      detail,
      at: new Date().toISOString(),
      isSent: false,
    };
    this.#mine.add(row.key);
    this.#store.addRow(row);
    this.#writes.set(row.key, this.#keep(row));
    return new Promise((resolve) => this.#waiting.set(row.key, resolve));
  }

  async #keep(row: Row): Promise<void> {
    const cache = await this.#hooks.cache();
    if (cache === null) return;
    try {
      await cache.addRow(row);
      this.#tabs()?.post({ kind: "row", row });
    } catch (error) {
      this.#hooks.onFault("An action could not be kept", error);
    }
  }

  /** Resolves when every action is in the cache. */
  async kept(): Promise<void> {
    await Promise.all(this.#writes.values());
  }

  /** Rows of an earlier page, which this tab sends from now on. */
  adopt(rows: readonly Row[]): void {
    for (const row of rows) {
      this.#mine.add(row.key);
      if (!this.#store.rows.some((one) => one.key === row.key)) this.#store.addRow(row);
      this.#store.markSent(row.key);
    }
  }

  /** The state is the server's: actions may go out. */
  open(): void {
    this.#isOpen = true;
    void this.drain();
  }

  /** The connection is gone: actions wait. */
  close(): void {
    this.#isOpen = false;
  }

  /** Sends what waits, one after the other. */
  async drain(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let row = this.#next(); row !== undefined && this.#isOpen; row = this.#next()) {
        await this.#writes.get(row.key);
        await this.#send(row);
      }
    } finally {
      this.#isDraining = false;
    }
  }

  #next(): Row | undefined {
    return this.#store.rows.find((row) => this.#mine.has(row.key));
  }

  async #send({ key }: Row): Promise<void> {
    const row = this.#store.rows.find((one) => one.key === key);
    if (row === undefined || !this.#isOpen) return;
    this.#store.markSent(key);
    const counts = this.#hooks.countsSeen();
    try {
      const answer = await this.#connection.ask<Verb, Answer>(row.verb, payloadOf(row));
      this.#carriedOut(row, answer, this.#hooks.countsSeen() > counts);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      await this.#refused(row, error);
    }
  }

  #carriedOut(row: Row, { unknown = [], types }: Answer, isCounted: boolean): void {
    this.#tries = 0;
    if (types !== undefined) this.#hooks.onTypes(types);
    this.settle(row.key, true, unknown, isCounted);
    this.#tabs()?.post({ kind: "settled", key: row.key, isOk: true, unknown });
    if (unknown.length > 0) this.#hooks.onRefused(row.verb, unknown, GONE);
  }

  async #refused(row: Row, error: RefusedError): Promise<void> {
    if (error.code === "NOT_CONNECTED") {
      this.#isOpen = false;
      return;
    }
    const isHopeless = error.code === "INTERNAL" && this.#tries >= INTERNAL_TRIES;
    if (PASSING.has(error.code) && !isHopeless) {
      const wait = error.retryAfterMs ?? 0;
      await new Promise((resolve) => setTimeout(resolve, wait + jittered(this.#tries++, WAIT_MAX_MS)));
      return;
    }
    this.#tries = 0;
    this.#takeBack(row, { code: error.code, message: error.message });
  }

  #takeBack(row: Row, refusal: Refusal): void {
    // What the newest one was is gone: what the person saw is still meant.
    const isInstead = row.verb === "mark_all_read" && refusal.code === "NOT_FOUND" && row.ids.length > 0;
    if (isInstead) for (const ids of portions("mark_read", row.ids)) void this.#add("mark_read", ids, {});
    const unknown = refusal.code === "NOT_FOUND" && !isInstead ? row.ids : [];
    this.#answer(row.key, isInstead ? { ok: true } : { ok: false, ...refusal });
    this.settle(row.key, false, unknown, true);
    this.#tabs()?.post({ kind: "settled", key: row.key, isOk: false, unknown });
    if (!isInstead) this.#hooks.onRefused(row.verb, row.ids, refusal);
  }

  /** An action was answered, here or in another tab: what it showed becomes true or is undone. */
  settle(key: string, isOk: boolean, unknown: readonly string[], isCounted: boolean): void {
    if (unknown.length > 0) {
      this.#store.dropRow(key, unknown);
      this.#store.remove(unknown);
    }
    if (isOk) this.#store.commitRow(key, isCounted);
    else this.#store.dropRow(key);
    if (this.#mine.delete(key)) this.done.push(key);
    this.#writes.delete(key);
    // A tab that was frozen learns here what another one sent for it.
    this.#answer(key, isOk ? { ok: true } : { ok: false, ...CLASH });
    this.#hooks.onChange();
  }

  /** The server's state wins over actions that were not sent; whoever made them is told. */
  yieldTo(clashes: readonly Clash[]): void {
    for (const { row, ids } of clashes) {
      if (!this.#mine.has(row.key)) continue;
      this.#store.dropRow(row.key, ids);
      this.#hooks.onRefused(row.verb, ids, CLASH);
      if (this.#store.rows.some((one) => one.key === row.key)) continue;
      this.settle(row.key, false, [], true);
      this.#tabs()?.post({ kind: "settled", key: row.key, isOk: false, unknown: [] });
    }
  }

  #answer(key: string, outcome: Outcome): void {
    this.#waiting.get(key)?.(outcome);
    this.#waiting.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#mine.clear();
    this.#writes.clear();
    this.done = [];
    for (const key of this.#waiting.keys()) this.#answer(key, { ok: false, ...LEFT });
  }
}

const GONE: Refusal = { code: "NOT_FOUND", message: "It is no longer there." };
const CLASH: Refusal = { code: "CONFLICT", message: "It was changed elsewhere meanwhile." };
const LEFT: Refusal = { code: "LOGGED_OUT", message: "The user logged out." };

/** A name that no other has; `randomUUID` needs a secure context. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
