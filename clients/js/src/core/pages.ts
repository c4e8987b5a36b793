/** Fetching lists, page by page. */
import type { ListQuery, Page } from "../generated/wire";
import { RefusedError, type Connection } from "./connection";
import { matches } from "./filters";
import { byPlace } from "./item";
import type { List, Lists } from "./lists";
import type { Store } from "./store";

/** The most that the server gives at once. */
const PAGE = 100;

export class Pages {
  readonly #store: Store;
  readonly #lists: Lists;
  readonly #connection: Connection;
  readonly #onChange: () => void;

  constructor(store: Store, lists: Lists, connection: Connection, onChange: () => void) {
    this.#store = store;
    this.#lists = lists;
    this.#connection = connection;
    this.#onChange = onChange;
  }

  /** The newest page; what is held and should be on it is gone. */
  async fetchTop(list: List): Promise<void> {
    await this.#fetch(list, {}, (page, touched) => {
      this.#store.listed(page.items, this.#absentees(list, page), touched);
      this.#lists.listed(list, page);
    });
  }

  /** The page below what is shown. */
  async fetchMore(list: List): Promise<void> {
    if (list.isComplete) return;
    if (list.isStale || list.floor === null) return this.fetchTop(list);
    const shown = this.#lists.state(list.filters).notifications.length;
    // What came from the cache has no cursor: the page overlaps by one, or there is a gap.
    const query = list.older ? { before: list.older } : { offset: Math.max(0, shown - 1) };
    const floor = list.floor;
    let isGap = false;
    await this.#fetch(list, query, (page, touched) => {
      isGap = !list.older && page.items.length > 0 && byPlace(page.items[0]!, floor) > 0;
      if (isGap) return;
      this.#store.listed(page.items, [], touched);
      this.#lists.listed(list, page);
    });
    if (isGap) await this.fetchTop(list);
  }

  async #fetch(
    list: List,
    query: ListQuery,
    take: (page: Page, touched: ReadonlySet<string>) => void,
  ): Promise<void> {
    if (list.isLoading) return;
    const touched = new Set<string>();
    this.#store.fetches.add(touched);
    list.isLoading = true;
    this.#changed(list);
    try {
      const asked = { ...list.filters, limit: PAGE, ...query };
      take(await this.#connection.ask<"get_notifications", Page>("get_notifications", asked), touched);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      list.error = error.code === "NOT_CONNECTED" ? list.error : { code: error.code, message: error.message };
    } finally {
      this.#store.fetches.delete(touched);
      list.isLoading = false;
      this.#changed(list);
    }
  }

  /** What the newest page of the whole list would have shown. */
  #absentees(list: List, page: Page): string[] {
    if (list !== this.#lists.main) return [];
    const last = page.page_info.has_more ? page.items.at(-1) : undefined;
    const now = new Date().toISOString();
    return [...this.#store.base.values()]
      .filter((item) => last === undefined || byPlace(item, last) <= 0)
      .filter((item) => matches(item, {}, now, null))
      .map((item) => item.id);
  }

  #changed(list: List): void {
    this.#lists.touch(list);
    this.#onChange();
  }
}
