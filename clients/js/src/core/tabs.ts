/** The tabs of one browser with one user: they agree at once, and announce everything together once. */
import type { Row, Settled } from "./rows";

/** How long a tab waits for one that is better placed to announce something. */
const CLAIM_MS = 80;
/** Of what arrives within this time one message claims all. */
const TOGETHER_MS = 16;
/** How long tabs have to say that they are there. */
const ROLL_CALL_MS = 150;
/** So long after a better claim the announcement is due; browsers let hidden tabs act once a second. */
const ANNOUNCED_WITHIN_MS = 2_400;
/** How often a tab claims: the better placed ones may all be gone. */
const ROUNDS = 3;
const REMEMBERED = 1_000;

export type TabMessage =
  | { kind: "row"; row: Row }
  | ({ kind: "settled" } & Settled)
  | { kind: "yielded"; key: string; ids: readonly string[]; isTold: boolean }
  | { kind: "claim"; rounds: readonly string[]; order: string }
  | { kind: "announced"; keys: readonly string[] }
  | { kind: "who" }
  | { kind: "here"; tab: string }
  | { kind: "leaving" }
  | { kind: "logout" };

const HIDDEN = 2;

/** The lower, the better placed: focused, visible, hidden. */
function rankHere(): number {
  if (typeof document === "undefined") return HIDDEN;
  if (document.visibilityState !== "visible") return HIDDEN;
  return document.hasFocus() ? 0 : 1;
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class Tabs {
  /** Names this tab, for as long as it lives. */
  readonly id: string;
  #channel: BroadcastChannel | null;
  #isClosed = false;
  readonly #onMessage: (message: TabMessage) => void;
  /** What was announced, here or elsewhere. */
  readonly #announced = new Set<string>();
  /** By round: the best claim that another tab made. */
  readonly #claims = new Map<string, string>();
  /** Claims that go out in a moment, and how they did. */
  #claiming: { rounds: string[]; order: Promise<string> } | null = null;
  /** Announced here, and told in a moment. */
  readonly #telling: string[] = [];
  /** Roll calls under way, each with those that answered. */
  readonly #calls = new Set<Set<string>>();

  constructor(name: string, id: string, onMessage: (message: TabMessage) => void) {
    this.id = id;
    this.#onMessage = onMessage;
    this.#channel = channelOf(name);
    this.#channel?.addEventListener("message", ({ data }) => this.#received(data as TabMessage));
    // Node would stay alive for it.
    (this.#channel as { unref?: () => void } | null)?.unref?.();
  }

  post(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }

  #received(message: TabMessage): void {
    if (message.kind === "claim") for (const round of message.rounds) this.#hear(round, message.order);
    else if (message.kind === "announced") for (const key of message.keys) this.#remember(key);
    else if (message.kind === "who") this.post({ kind: "here", tab: this.id });
    else if (message.kind === "here") for (const here of this.#calls) here.add(message.tab);
    else this.#onMessage(message);
  }

  #hear(round: string, order: string): void {
    const best = this.#claims.get(round);
    if (best === undefined || order < best) this.#claims.set(round, order);
    if (this.#claims.size > REMEMBERED) this.#claims.delete(this.#claims.keys().next().value!);
  }

  /**
   * Whether this tab is the one to announce it; a tab that the person looks at goes first.
   *
   * The one that goes first may be closed before it has said so: then the others claim once more.
   */
  async claim(key: string): Promise<boolean> {
    for (let round = 0; round < ROUNDS && !this.#announced.has(key); round++) {
      if (this.#channel !== null && !(await this.#isFirst(key, round))) continue;
      if (this.#isClosed || this.#announced.has(key)) return false;
      this.#remember(key);
      this.#tell(key);
      return true;
    }
    return false;
  }

  async #isFirst(key: string, round: number): Promise<boolean> {
    const name = roundOf(key, round);
    // A second round begins when each finds that nobody spoke: whoever claims before is ahead.
    const isAhead = round === 0 || !this.#claims.has(name);
    if (isAhead) {
      const order = await this.#claimed(name);
      const best = this.#claims.get(name);
      if (best === undefined || best > order) return true;
    }
    // A tab in the background is slow to say so.
    for (let waited = 0; waited < ANNOUNCED_WITHIN_MS; waited += CLAIM_MS) {
      if (this.#isClosed || this.#announced.has(key)) return false;
      await sleep(CLAIM_MS);
    }
    return false;
  }

  /** Claims it together with others of this moment; resolves, with how, when other tabs had time to claim. */
  #claimed(round: string): Promise<string> {
    this.#claiming ??= { rounds: [], order: this.#claimAll() };
    this.#claiming.rounds.push(round);
    return this.#claiming.order;
  }

  async #claimAll(): Promise<string> {
    // Hidden tabs have timers once a second: there this moment is all that is waited for.
    if (rankHere() < HIDDEN) await sleep(TOGETHER_MS);
    else await null;
    const { rounds } = this.#claiming!;
    this.#claiming = null;
    const order = orderOf(rankHere(), this.id);
    this.post({ kind: "claim", rounds, order });
    await sleep(CLAIM_MS);
    return order;
  }

  /** What was claimed together is told together. */
  #tell(key: string): void {
    if (this.#telling.push(key) > 1) return;
    queueMicrotask(() => this.post({ kind: "announced", keys: this.#telling.splice(0) }));
  }

  #remember(key: string): void {
    this.#announced.add(key);
    for (let round = 0; round < ROUNDS; round++) this.#claims.delete(roundOf(key, round));
    if (this.#announced.size > REMEMBERED) this.#announced.delete(this.#announced.values().next().value!);
  }

  /** The other tabs that answer. */
  async alive(): Promise<ReadonlySet<string>> {
    if (this.#channel === null) return new Set();
    const here = new Set<string>();
    this.#calls.add(here);
    this.post({ kind: "who" });
    await sleep(ROLL_CALL_MS);
    this.#calls.delete(here);
    return here;
  }

  /** Announces nothing any more. */
  hush(): void {
    this.#isClosed = true;
  }

  close(): void {
    this.hush();
    this.#channel?.close();
    this.#channel = null;
  }
}

/** null: this browser has none, or none for a page without storage. */
function channelOf(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}

const orderOf = (rank: number, tab: string) => `${rank}${tab}`;
const roundOf = (key: string, round: number) => `${round} ${key}`;
