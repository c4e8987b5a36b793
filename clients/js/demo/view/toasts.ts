/** Short messages in the corner: polite ones, and critical ones that interrupt. */
import type { Content } from "../types";
import { h, setText } from "./dom";
import { icon } from "./icons";

const STAY_MS = 5_000;
const MOST = 3;

interface Toast {
  root: HTMLElement;
  title: HTMLElement;
  message: HTMLElement;
  timer?: ReturnType<typeof setTimeout>;
}

type Words = Pick<Content, "title" | "message" | "type" | "priority">;

export class Toasts {
  readonly #polite = h("div", { role: "status", "aria-live": "polite" });
  readonly #urgent = h("div", { role: "alert" });
  readonly root = h(
    "aside",
    { class: "toasts", "aria-label": "New notifications" },
    this.#urgent,
    this.#polite,
  );
  readonly #toasts = new Map<string, Toast>();

  /** Shows the words, or puts them in place of those shown under `key`. Critical ones stay. */
  show(key: string, words: Words): void {
    if (this.revise(key, words)) return;
    const toast = this.#make(key, words);
    this.#toasts.set(key, toast);
    (words.priority === "critical" ? this.#urgent : this.#polite).append(toast.root);
    if (words.priority !== "critical") this.#arm(key, toast);
    while (this.#toasts.size > MOST) this.#close(this.#toasts.keys().next().value ?? key);
  }

  /** Changes the words of a toast that is still there; says whether there was one. */
  revise(key: string, words: Words): boolean {
    const toast = this.#toasts.get(key);
    if (toast === undefined) return false;
    setText(toast.title, words.title);
    setText(toast.message, words.message);
    return true;
  }

  #make(key: string, { title, message, type, priority }: Words): Toast {
    const toast = {
      title: h("strong", {}, title),
      message: h("p", {}, message),
      root: h("div", { class: "toast", "data-type": type, "data-priority": priority, "data-key": key }),
    };
    const close = h(
      "button",
      { class: "tool", type: "button", "aria-label": "Close", onClick: () => this.#close(key) },
      icon("dismiss"),
    );
    const tile = h("span", { class: "tile", "data-type": type }, icon(type));
    toast.root.append(tile, h("div", { class: "body" }, toast.title, toast.message), close);
    return toast;
  }

  /** Starts its time; it stands still while someone points at it. */
  #arm(key: string, toast: Toast): void {
    const start = () => (toast.timer = setTimeout(() => this.#close(key), STAY_MS));
    toast.root.addEventListener("mouseenter", () => clearTimeout(toast.timer));
    toast.root.addEventListener("focusin", () => clearTimeout(toast.timer));
    toast.root.addEventListener("mouseleave", start);
    toast.root.addEventListener("focusout", start);
    start();
  }

  #close(key: string): void {
    const toast = this.#toasts.get(key);
    clearTimeout(toast?.timer);
    toast?.root.remove();
    this.#toasts.delete(key);
  }
}
