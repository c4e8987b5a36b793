/** One notification of the list, changed in place so that focus and movement survive. */
import { ago, moment, percent, safeLink } from "../format";
import type { Held, Verb } from "../store";
import type { Notification } from "../types";
import { h, setAttribute, setText } from "./dom";
import { icon } from "./icons";

export type Act = (verb: Verb, id: string, forS?: number) => void;

interface Button {
  name: string;
  icon: string;
  text?: string;
  label: (item: Notification) => string;
  act: (act: Act, item: Notification) => void;
  pressed?: (item: Notification) => boolean;
}

const BUTTONS: readonly Button[] = [
  {
    name: "read",
    icon: "read",
    label: (item) => (item.is_read ? "Mark unread" : "Mark read"),
    act: (act, item) => act(item.is_read ? "mark_unread" : "mark_read", item.id),
  },
  {
    name: "pin",
    icon: "pin",
    label: (item) => (item.pinned_at ? "Unpin" : "Pin"),
    act: (act, item) => act(item.pinned_at ? "unpin" : "pin", item.id),
    pressed: (item) => item.pinned_at !== null,
  },
  {
    name: "snooze-10s",
    icon: "snooze",
    text: "10 s",
    label: () => "Snooze for 10 seconds",
    act: (act, item) => act("snooze", item.id, 10),
  },
  {
    name: "snooze-1h",
    icon: "snooze",
    text: "1 h",
    label: () => "Snooze for an hour",
    act: (act, item) => act("snooze", item.id, 3600),
  },
  { name: "dismiss", icon: "dismiss", label: () => "Dismiss", act: (act, item) => act("dismiss", item.id) },
  { name: "delete", icon: "delete", label: () => "Delete", act: (act, item) => act("delete", item.id) },
];

/** Keys on a focused notification, to the button that they press. */
const KEYS: Readonly<Record<string, string>> = { r: "read", p: "pin", d: "dismiss", Delete: "delete" };

export class ItemView {
  readonly root: HTMLElement;
  readonly #act: Act;
  readonly #icon = h("span", { class: "tile" });
  readonly #title = h("h3", { class: "title" });
  readonly #time = h("time", { class: "time" });
  readonly #message = h("p", { class: "message" });
  readonly #bar = h("progress", { max: 100 });
  readonly #percent = h("span", { class: "percent" });
  readonly #progress = h("div", { class: "progress" }, this.#bar, this.#percent);
  readonly #badges = h("div", { class: "badges" });
  readonly #link = h("a", { class: "button small", target: "_blank", rel: "noopener noreferrer" });
  readonly #confirm = h("button", { class: "button small primary", type: "button" }, "Acknowledge");
  readonly #buttons = new Map<string, HTMLButtonElement>();
  #held: Held;

  constructor(held: Held, act: Act) {
    this.#held = held;
    this.#act = act;
    this.#confirm.addEventListener("click", () => act("acknowledge", held.item.id));
    this.#link.addEventListener("click", () => act("clicked", held.item.id));
    for (const button of BUTTONS) this.#buttons.set(button.name, this.#button(button));
    const tools = h(
      "div",
      { class: "tools", role: "group", "aria-label": "Actions" },
      ...this.#buttons.values(),
    );
    const foot = h("div", { class: "foot" }, this.#confirm, this.#link, this.#badges, tools);
    const head = h("div", { class: "head" }, this.#title, this.#time);
    const body = h("div", { class: "body" }, head, this.#message, this.#progress, foot);
    this.root = h("article", { tabindex: 0, "data-id": held.item.id }, this.#icon, body);
    this.root.addEventListener("keydown", (event) => this.#pressed(event));
  }

  update(held: Held, now: number): void {
    const { item } = held;
    this.#held = held;
    this.#mark(held);
    if (this.#icon.dataset.type !== item.type) this.#icon.replaceChildren(icon(item.type));
    this.#icon.dataset.type = item.type;
    setText(this.#title, item.title);
    setText(this.#message, item.message);
    setText(this.#time, ago(item.sort_at, now));
    setAttribute(this.#time, "datetime", item.sort_at);
    setAttribute(this.#time, "title", moment(item.sort_at));
    this.#showProgress(item);
    this.#showBadges(held);
    this.#showChoices(item);
  }

  /** What tests and styles read. */
  #mark({ item, replayed, reminder, shown }: Held): void {
    Object.assign(this.root.dataset, {
      revision: String(item.revision),
      type: item.type,
      priority: item.priority,
      read: String(item.is_read),
      pinned: String(item.pinned_at !== null),
      replayed: String(replayed),
      reminder: String(reminder),
      shown: String(shown),
    });
    const state = item.is_read ? "" : "unread, ";
    setAttribute(this.root, "aria-label", `${state}${item.priority} priority, ${item.type}: ${item.title}`);
  }

  #showProgress(item: Notification): void {
    const done = percent(item.data);
    this.#progress.hidden = done === null;
    if (done === null) return;
    this.#bar.value = done;
    setAttribute(this.#bar, "aria-label", item.title);
    setText(this.#percent, `${Math.round(done)} %`);
    this.#progress.classList.toggle("full", done >= 100);
  }

  #showBadges({ item, replayed, reminder }: Held): void {
    const badges: [string, string][] = [];
    if (item.priority !== "normal") badges.push([`priority ${item.priority}`, item.priority]);
    if (item.acknowledged_at) badges.push(["good", "Acknowledged"]);
    if (reminder > 0) badges.push(["remind", `Reminder ${reminder}`]);
    if (replayed) badges.push(["replayed", "While you were away"]);
    if (item.sender?.name) badges.push(["plain", item.sender.name]);
    const made = badges.map(([kind, text]) => h("span", { class: `badge ${kind}` }, text));
    this.#badges.replaceChildren(...made);
  }

  #showChoices(item: Notification): void {
    this.#confirm.hidden = !item.requires_acknowledgment || item.acknowledged_at !== null;
    const href = safeLink(item.action_url, document.baseURI);
    this.#link.hidden = href === null;
    setAttribute(this.#link, "href", href);
    setText(this.#link, item.action_label || "Open");
    for (const { name, label, pressed } of BUTTONS) {
      const button = this.#buttons.get(name);
      if (button === undefined) continue;
      setAttribute(button, "aria-label", label(item));
      setAttribute(button, "title", label(item));
      if (pressed) setAttribute(button, "aria-pressed", String(pressed(item)));
    }
  }

  #button({ name, icon: shape, text, act }: Button): HTMLButtonElement {
    const press = () => act(this.#act, this.#held.item);
    return h(
      "button",
      { class: "tool", type: "button", "data-act": name, onClick: press },
      icon(shape),
      text ?? null,
    );
  }

  #pressed(event: KeyboardEvent): void {
    const name = KEYS[event.key];
    if (event.target !== this.root || name === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#buttons.get(name)?.click();
  }
}
