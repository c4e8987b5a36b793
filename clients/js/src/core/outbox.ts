/** Actions on their way: shown at once, kept until the server has answered, sent in order. */
import type { BatchDone, Subscriptions } from "../generated/wire";
import type { Cache } from "./cache";
import type { Clash } from "./clashes";
import { jittered, RefusedError, type Connection } from "./connection";
import { Ledger } from "./ledger";
import { portions, payloadOf, type Row, type RowDetail, type Settled } from "./rows";
import type { Store } from "./store";
import { sleep, type Tabs } from "./tabs";
import { hasTurns, inTurn } from "./turns";
import type { Outcome, Refusal, Verb } from "./types";

/** Refusals that pass; whoever sees one tries again. */
const PASSING = new Set(["RATE_LIMITED", "UNAVAILABLE", "NO_ANSWER", "INTERNAL"]);
/** A fault of the server's own may stay: then the action is taken back. */
const INTERNAL_TRIES = 3;
const WAIT_MAX_MS = 15_000;

/** An action of another tab may be settled before that is heard of here. */
const HEARD_WITHIN_MS = 50;
const REMEMBERED = 1_000;

export interface OutboxHooks {
  cache: () => Promise<Cache | null>;
  hasCache: () => boolean;
  /** Writes what is settled. */
  flush: () => Promise<void>;
  /** What the store holds changed. */
  onChange: () => void;
  onRefused: (verb: Verb, ids: readonly string[], refusal: Refusal) => void;
  onTypes: (types: Subscriptions["types"], isBack: boolean) => void;
  onFault: (message: string, error: unknown) => void;
  /** How many counts the server has sent. */
  countsSeen: () => number;
}

type Answer = Partial<BatchDone & Subscriptions>;

export class Outbox {
  /** The user logged out: nothing is done any more. */
  isOver = false;
  /** Settled rows that are still in the cache. */
  done: string[] = [];
  readonly #name: string;
  readonly #store: Store;
  readonly #connection: Connection;
  readonly #tabs: () => Tabs | null;
  readonly #hooks: OutboxHooks;
  /** Keys of the rows that this tab sees to: its own, and those of tabs that are gone. */
  readonly #mine = new Set<string>();
  readonly #ledger: Ledger;
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  /** Rows that were settled: word of them may come late. */
  readonly #over = new Set<string>();
  /** By row: ids that were changed elsewhere since, in a contrary way. */
  readonly #clashes = new Map<string, Set<string>>();
  #isOpen = false;
  #isDraining = false;
  #tries = 0;

  constructor(
    name: string,
    store: Store,
    connection: Connection,
    tabs: () => Tabs | null,
    hooks: OutboxHooks,
  ) {
    this.#name = name;
    this.#store = store;
    this.#connection = connection;
    this.#tabs = tabs;
    this.#hooks = hooks;
    this.#ledger = new Ledger(hooks.cache, hooks.onFault);
  }

  // -- What goes in ----------------------------------------------------------------------------

  /** Shows an action at once and sends it as soon as can be; the outcome may come much later. */
  async act(verb: Verb, ids: readonly string[], detail: RowDetail = {}): Promise<Outcome> {
    if (this.isOver) return { ok: false, ...LEFT };
    const parts = verb === "mark_all_read" ? [[...ids]] : portions(verb, ids);
    if (detail.types !== undefined) parts.push([]);
    const outcomes = parts.map((part) => this.#add(verb, part, detail));
    this.#hooks.onChange();
    void this.drain();
    const settled = await Promise.all(outcomes);
    return settled.find((outcome) => !outcome.ok) ?? { ok: true };
  }

  /** Nothing of it can be sent. */
  async refuse(verb: Verb, refusal: Refusal): Promise<Outcome> {
    this.#hooks.onRefused(verb, [], refusal);
    return { ok: false, ...refusal };
  }

  /** @param before the row that it takes the place of; default: it is the newest. */
  #add(verb: Verb, ids: string[], detail: RowDetail, before?: string): Promise<Outcome> {
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
    this.#store.addRow(row, before);
    this.#ledger.add(row, () => this.#tabs()?.post({ kind: "row", row }));
    return new Promise((resolve) => this.#waiting.set(row.key, resolve));
  }

  /** The cache is open: what was done before that is kept too. */
  keepRest(): void {
    this.#store.moveRows(this.#mine, this.#tabs()?.id ?? "");
    for (const row of this.#store.rows) {
      if (this.#mine.has(row.key))
        void this.#ledger.addLate(row, () => this.#tabs()?.post({ kind: "row", row }));
    }
  }

  /** Resolves when every action is in the cache. */
  async kept(): Promise<void> {
    await this.#ledger.written();
  }

  /** An action of another tab, or of an earlier page. */
  heard(row: Row): void {
    const isKnown = this.#over.has(row.key) || this.#store.rows.some((one) => one.key === row.key);
    if (!isKnown) this.#store.addRow(row);
  }

  /** Takes over the actions of tabs that are gone, as the cache has them. */
  async adopt(tab: string, alive: ReadonlySet<string>): Promise<void> {
    if (!this.#hooks.hasCache()) return;
    const left = await this.#ledger.adopt(tab, alive);
    if (left === null) return;
    for (const row of left.filter((one) => one.tab === tab)) {
      this.heard(row);
      if (!this.#over.has(row.key)) this.#mine.add(row.key);
    }
    // What a third tab took over keeps its place here; the rest was settled by those that are gone.
    const keys = new Set(left.map(({ key }) => key));
    for (const { key, tab: of } of this.#store.rows) {
      if (of !== tab && !alive.has(of) && !this.#mine.has(key) && !keys.has(key)) this.#store.dropRow(key);
    }
  }

  // -- What goes out ---------------------------------------------------------------------------

  /** The state is the server's: actions may go out. */
  open(): void {
    this.#isOpen = true;
    for (const [key, ids] of this.#clashes) this.#yield(key, [...ids]);
    this.#clashes.clear();
    void this.drain();
  }

  /** The connection is gone: actions wait. */
  close(): void {
    this.#isOpen = false;
    this.#clashes.clear();
  }

  /** Sends what waits, one after the other; all tabs take turns. */
  async drain(): Promise<void> {
    if (this.#isDraining || !this.#isOpen) return;
    this.#isDraining = true;
    try {
      await inTurn(`${this.#name}:outbox`, () => this.#sendAll());
    } finally {
      this.#isDraining = false;
    }
    // What was done while the turn was given back.
    if (this.#isOpen && this.#next() !== undefined) void this.drain();
  }

  async #sendAll(): Promise<void> {
    for (let row = this.#next(); row !== undefined && this.#isOpen; row = this.#next()) {
      const isLeft = await this.#ledger.isLeft(row.key, this.#mine.has(row.key));
      if (isLeft) await this.#send(row.key);
      else await this.#missed(row.key);
    }
    // The next tab in turn must not find what was sent here.
    if (this.done.length > 0) await this.#hooks.flush();
  }

  /**
   * The oldest that this tab sees to, or one of another tab before it: the person did them in this
   * order. Where tabs cannot take turns, each sends its own.
   */
  #next(): Row | undefined {
    const { rows } = this.#store;
    const own = rows.find((row) => this.#mine.has(row.key));
    return own !== undefined && hasTurns() && this.#hooks.hasCache() ? rows[0] : own;
  }

  /** Another tab settled it: its word comes, or this tab slept through it and the server's state says all. */
  async #missed(key: string): Promise<void> {
    await sleep(HEARD_WITHIN_MS);
    if (!this.#over.has(key)) this.#forget(key, { ok: true });
  }

  async #send(key: string): Promise<void> {
    const row = this.#store.rows.find((one) => one.key === key);
    if (row === undefined || !this.#isOpen) return;
    if (isOver(row)) return this.#endQuietly(row, OVER);
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
    if (types !== undefined) this.#hooks.onTypes(types, row.verb === "subscribe");
    this.#end(row, null, unknown, isCounted);
  }

  async #refused(row: Row, error: RefusedError): Promise<void> {
    if (error.code === "NOT_CONNECTED") {
      this.#isOpen = false;
      return;
    }
    const isHopeless = error.code === "INTERNAL" && this.#tries >= INTERNAL_TRIES;
    if (PASSING.has(error.code) && !isHopeless) {
      await sleep((error.retryAfterMs ?? 0) + jittered(this.#tries++, WAIT_MAX_MS));
      return;
    }
    this.#tries = 0;
    this.#takeBack(row, { code: error.code, message: error.message });
  }

  #takeBack(row: Row, refusal: Refusal): void {
    const isGone = refusal.code === "NOT_FOUND";
    // What shall be gone and is gone, perhaps by this very action whose answer was lost.
    if (isGone && row.verb === "delete") this.#end(row, null, row.ids, true);
    else if (isGone && row.verb === "mark_all_read" && row.ids.length > 0) {
      // What the newest one was is gone: what the person saw is still meant.
      for (const ids of portions("mark_read", row.ids)) void this.#add("mark_read", ids, {}, row.key);
      this.#endQuietly(row, refusal);
    } else this.#end(row, refusal, isGone ? row.ids : [], true);
  }

  // -- How it ends -----------------------------------------------------------------------------

  /** The server answered: said in all tabs, and to the person if something did not come true. */
  #end(
    row: Row,
    refusal: Refusal | null,
    unknown: readonly string[],
    isCounted: boolean,
    isSilent = false,
  ): void {
    const isOurs = this.#mine.has(row.key);
    const settled = { key: row.key, refusal, unknown, isTold: isOurs || isSilent };
    if (isOurs && !isSilent) this.#tell(row, settled);
    this.#settle(settled, isCounted);
    this.#tabs()?.post({ kind: "settled", ...settled });
  }

  /** What it showed is undone, and nothing is wrong. */
  #endQuietly(row: Row, why: Refusal): void {
    this.#answer(row.key, { ok: true });
    this.#end(row, why, [], true, true);
  }

  #tell({ verb, ids }: Row, { refusal, unknown }: Settled): void {
    if (refusal !== null) this.#hooks.onRefused(verb, ids, refusal);
    else if (unknown.length > 0 && verb !== "delete") this.#hooks.onRefused(verb, unknown, GONE);
  }

  /** Another tab had the server's answer; a tab that was frozen learns here what was sent for it. */
  heardEnd(settled: Settled): void {
    const row = this.#store.rows.find(({ key }) => key === settled.key);
    if (row && this.#waiting.has(row.key) && !settled.isTold) this.#tell(row, settled);
    this.#settle(settled, true);
  }

  /** What an action showed becomes true, or is undone. */
  #settle({ key, refusal, unknown }: Settled, isCounted: boolean): void {
    if (unknown.length > 0) {
      this.#store.dropRow(key, unknown);
      this.#store.remove(unknown);
    }
    if (refusal === null) this.#store.commitRow(key, isCounted);
    this.#forget(key, refusal === null ? { ok: true } : { ok: false, ...refusal });
  }

  #forget(key: string, outcome: Outcome): void {
    this.#store.dropRow(key);
    this.#over.add(key);
    if (this.#over.size > REMEMBERED) this.#over.delete(this.#over.values().next().value!);
    this.#mine.delete(key);
    this.done.push(key);
    this.#ledger.forget(key);
    this.#answer(key, outcome);
    this.#hooks.onChange();
  }

  // -- What was changed elsewhere --------------------------------------------------------------

  /** The server's state wins over actions that were not sent, once it is whole. */
  yieldTo(clashes: readonly Clash[]): void {
    if (this.#isOpen) return;
    for (const { row, ids } of clashes) {
      const known = this.#clashes.get(row.key) ?? new Set();
      this.#clashes.set(row.key, new Set([...known, ...ids]));
    }
  }

  /** Takes an action back where another one won; the tab that made it tells the person. */
  #yield(key: string, ids: string[]): void {
    const isTold = this.#mine.has(key);
    // Where tabs take no turns, each looks after its own.
    if (!isTold && !hasTurns()) return;
    if (!this.#narrow(key, ids, isTold)) return;
    this.#tabs()?.post({ kind: "yielded", key, ids, isTold });
    void this.#ledger.narrow(key, ids);
  }

  /** Another tab saw first that an action of this one, or of a third, was overtaken. */
  heardYield(key: string, ids: readonly string[], isTold: boolean): void {
    this.#narrow(key, ids, !isTold && this.#waiting.has(key));
  }

  /** Returns whether there was anything left to take back. */
  #narrow(key: string, overtaken: readonly string[], isToTell: boolean): boolean {
    const row = this.#store.rows.find((one) => one.key === key);
    const ids = row?.ids.filter((id) => overtaken.includes(id)) ?? [];
    if (row === undefined || ids.length === 0) return false;
    if (isToTell) this.#hooks.onRefused(row.verb, ids, CLASH);
    this.#store.dropRow(key, ids);
    if (ids.length === row.ids.length) this.#forget(key, { ok: false, ...CLASH });
    this.#hooks.onChange();
    return true;
  }

  #answer(key: string, outcome: Outcome): void {
    this.#waiting.get(key)?.(outcome);
    this.#waiting.delete(key);
  }

  /** What is kept is seen to by whoever opens it next: this client again, or another tab. */
  leave(): void {
    this.#mine.clear();
    this.#ledger.clear();
  }

  /** Forgets everything. */
  clear(): void {
    this.leave();
    this.done = [];
    for (const key of this.#waiting.keys()) this.#answer(key, { ok: false, ...LEFT });
  }
}

const GONE: Refusal = { code: "NOT_FOUND", message: "It is no longer there." };
const CLASH: Refusal = { code: "CONFLICT", message: "It was changed elsewhere meanwhile." };
const OVER: Refusal = { code: "CONFLICT", message: "Its time was over before it could be sent." };
const LEFT: Refusal = { code: "LOGGED_OUT", message: "The user logged out." };

/** A snooze that ended before it could be sent. */
function isOver({ verb, detail: { until } }: Row): boolean {
  return verb === "snooze" && until !== undefined && until <= new Date().toISOString();
}

/** A name that no other has; `randomUUID` needs a secure context. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
