/** Actions in the cache: what a closed page leaves to others, and how tabs know what is still to be sent. */
import type { Cache } from "./cache";
import type { Row } from "./rows";

export class Ledger {
  readonly #cache: () => Promise<Cache | null>;
  readonly #onFault: (message: string, error: unknown) => void;
  /** Rows on their way into the cache; true once they are in it. */
  readonly #writes = new Map<string, Promise<boolean>>();

  constructor(cache: () => Promise<Cache | null>, onFault: (message: string, error: unknown) => void) {
    this.#cache = cache;
    this.#onFault = onFault;
  }

  /** Writes an action down; `onKept` once it is. */
  add(row: Row, onKept: () => void): void {
    this.#writes.set(row.key, this.#add(row, onKept));
  }

  /** Writes down what could not be while there was no cache. */
  async addLate(row: Row, onKept: () => void): Promise<void> {
    if ((await this.#writes.get(row.key)) === false) this.add(row, onKept);
  }

  async #add(row: Row, onKept: () => void): Promise<boolean> {
    try {
      const cache = await this.#cache();
      await cache?.addRow(row);
      if (cache !== null) onKept();
      return cache !== null;
    } catch (error) {
      this.#onFault("An action could not be kept", error);
      return false;
    }
  }

  /** Resolves when every action is in the cache. */
  async written(): Promise<void> {
    await Promise.all(this.#writes.values());
  }

  /**
   * Whether nobody else has settled it.
   *
   * @param isOurs what to say where that cannot be known.
   */
  async isLeft(key: string, isOurs: boolean): Promise<boolean> {
    if ((await this.#writes.get(key)) === false) return true;
    try {
      const cache = await this.#cache();
      return cache === null ? isOurs : await cache.hasRow(key);
    } catch {
      return isOurs; // the cache was closed under it
    }
  }

  /** Takes over the actions of tabs that are gone; returns all that are left, null where that is not known. */
  async adopt(tab: string, alive: ReadonlySet<string>): Promise<Row[] | null> {
    try {
      return (await (await this.#cache())?.adopt(tab, alive)) ?? null;
    } catch (error) {
      this.#onFault("Actions of another tab could not be taken over", error);
      return null;
    }
  }

  /** Takes ids out of an action, or all of it. */
  async narrow(key: string, ids: readonly string[]): Promise<void> {
    try {
      await (await this.#cache())?.narrowRow(key, ids);
    } catch (error) {
      this.#onFault("An action could not be taken back from the cache", error);
    }
  }

  /** It is settled. */
  forget(key: string): void {
    this.#writes.delete(key);
  }

  clear(): void {
    this.#writes.clear();
  }
}
