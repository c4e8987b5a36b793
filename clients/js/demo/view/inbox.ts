/** The list: pinned ones, then by day, newest first. */
import { day } from "../format";
import { visible, type Held, type State } from "../store";
import { arrange, h, setText } from "./dom";
import { icon } from "./icons";
import { ItemView, type Act } from "./item";

export interface InboxActions {
  act: Act;
  readAll: () => void;
  older: () => void;
}

export class Inbox {
  readonly root: HTMLElement;
  readonly #act: Act;
  readonly #views = new Map<string, ItemView>();
  readonly #headings = new Map<string, HTMLElement>();
  readonly #feed = h("div", { role: "feed", "aria-label": "Notifications", class: "feed" });
  readonly #empty = h("div", { class: "empty" });
  readonly #emptyText = h("p");
  readonly #older: HTMLButtonElement;
  readonly #onlyUnread: HTMLButtonElement;
  #state: State | undefined;
  #isOnlyUnread = false;

  constructor(actions: InboxActions) {
    this.#act = actions.act;
    this.#onlyUnread = h(
      "button",
      { class: "button small", type: "button", "aria-pressed": "false" },
      "Unread",
    );
    this.#onlyUnread.addEventListener("click", () => this.#toggleUnread());
    this.#older = h(
      "button",
      { class: "button older", type: "button", onClick: actions.older },
      "Show older",
    );
    this.#older.hidden = true;
    this.#empty.append(icon("bell"), this.#emptyText);
    const readAll = h(
      "button",
      { class: "button small", type: "button", onClick: actions.readAll },
      "Mark all read",
    );
    const bar = h("header", {}, h("h2", { id: "inbox-title" }, "Inbox"), this.#onlyUnread, readAll);
    this.root = h(
      "section",
      { class: "card inbox", "aria-labelledby": "inbox-title" },
      bar,
      this.#feed,
      this.#empty,
      this.#older,
    );
    this.#feed.addEventListener("keydown", (event) => this.#moved(event));
  }

  /** Goes to the newest one. */
  focus(): void {
    this.root.scrollIntoView({ block: "start" });
    this.#articles()[0]?.focus({ preventScroll: true });
  }

  showOlder(hasMore: boolean): void {
    this.#older.hidden = !hasMore;
  }

  update(state: State, now: number): void {
    this.#state = state;
    const shown = visible(state).filter(({ item }) => !this.#isOnlyUnread || !item.is_read);
    const focused = this.#articles().findIndex((article) => article.contains(document.activeElement));
    for (const held of shown) this.#view(held).update(held, now);
    arrange(this.#feed, this.#sequence(shown, now));
    this.#forget(state);
    this.#count(state);
    this.#empty.hidden = shown.length > 0;
    setText(
      this.#emptyText,
      this.#isOnlyUnread ? "Nothing unread." : "Nothing here yet. Send yourself something.",
    );
    if (focused >= 0 && !this.#feed.contains(document.activeElement)) this.#focusAt(focused);
  }

  /** Headings and articles in the order of the list. */
  #sequence(shown: Held[], now: number): HTMLElement[] {
    const pinned = shown.filter(({ item }) => item.pinned_at !== null);
    const rest = shown.filter(({ item }) => item.pinned_at === null);
    const sequence: HTMLElement[] = [];
    let heading = "";
    const put = (title: string, held: Held) => {
      if (title !== heading) sequence.push(this.#heading((heading = title)));
      sequence.push(this.#view(held).root);
    };
    for (const held of pinned) put("Pinned", held);
    for (const held of rest) put(day(held.item.sort_at, now), held);
    return sequence;
  }

  #view(held: Held): ItemView {
    const known = this.#views.get(held.item.id);
    if (known !== undefined) return known;
    const made = new ItemView(held, this.#act);
    this.#views.set(held.item.id, made);
    return made;
  }

  #heading(title: string): HTMLElement {
    const known = this.#headings.get(title) ?? h("h3", { class: "day" }, title);
    this.#headings.set(title, known);
    return known;
  }

  #forget(state: State): void {
    for (const id of this.#views.keys()) if (!state.items.has(id)) this.#views.delete(id);
  }

  /** In the page, so that anyone can see that nothing was announced twice. */
  #count(state: State): void {
    const counts = [...state.items.values()].map(({ shown }) => shown);
    this.#feed.dataset.announced = String(counts.reduce((sum, shown) => sum + shown, 0));
    this.#feed.dataset.dupShown = String(counts.reduce((sum, shown) => sum + Math.max(0, shown - 1), 0));
  }

  #toggleUnread(): void {
    this.#isOnlyUnread = !this.#isOnlyUnread;
    this.#onlyUnread.setAttribute("aria-pressed", String(this.#isOnlyUnread));
    if (this.#state !== undefined) this.update(this.#state, Date.now());
  }

  #articles(): HTMLElement[] {
    return [...this.#feed.querySelectorAll<HTMLElement>("article")];
  }

  #focusAt(index: number): void {
    const articles = this.#articles();
    articles[Math.min(index, articles.length - 1)]?.focus();
  }

  #moved(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    const index = this.#articles().indexOf(event.target as HTMLElement);
    if (step === undefined || index < 0) return;
    event.preventDefault();
    this.#focusAt(Math.max(0, index + step));
  }
}
