/** The bar on top: who one is, how the connection stands, and the bell. */
import type { Status } from "../connection";
import { badge, bellLabel } from "../format";
import type { Count } from "../types";
import { h, setText } from "./dom";
import { icon } from "./icons";

const STATUS_WORDS: Readonly<Record<Status, string>> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  offline: "Offline",
  refused: "Refused",
};

export interface HeaderActions {
  bell: () => void;
  offline: (isOffline: boolean) => void;
  connect: () => void;
}

export class Header {
  readonly root: HTMLElement;
  readonly #status = h("span", { class: "status", role: "status" });
  readonly #statusText = h("span");
  readonly #again: HTMLButtonElement;
  readonly #offline: HTMLInputElement;
  readonly #bell: HTMLButtonElement;
  readonly #badge = h("span", { class: "count", "aria-hidden": "true" });

  constructor(user: string, roles: string, actions: HeaderActions) {
    this.#status.append(h("span", { class: "dot" }), this.#statusText);
    this.#again = h(
      "button",
      { class: "button small", type: "button", onClick: actions.connect },
      "Connect again",
    );
    this.#offline = h("input", { type: "checkbox", role: "switch", id: "offline" });
    this.#offline.addEventListener("change", () => actions.offline(this.#offline.checked));
    this.#bell = h(
      "button",
      { class: "bell", type: "button", onClick: actions.bell },
      icon("bell"),
      this.#badge,
    );
    this.root = h(
      "header",
      { class: "top" },
      h("h1", {}, h("span", { class: "logo" }, icon("bell")), h("span", { class: "name" }, "notify-server")),
      userForm(user, roles),
      h("div", { class: "link" }, this.#status, this.#again),
      h("label", { class: "switch" }, this.#offline, "Offline"),
      this.#bell,
    );
    this.showCount({ count: 0, unseen: 0, more: false });
  }

  showStatus(status: Status, why: string): void {
    this.#status.dataset.status = status;
    setText(this.#statusText, STATUS_WORDS[status]);
    this.#status.title = why;
    if (status === "refused") setText(this.#statusText, `Refused: ${why}`);
    this.#again.hidden = status !== "refused";
    this.#offline.checked = status === "offline";
  }

  showCount({ count, more }: Count): void {
    setText(this.#badge, badge(count));
    this.#badge.hidden = count === 0;
    this.#bell.setAttribute("aria-label", bellLabel(count, more));
    document.title = count > 0 ? `(${badge(count)}) notify-server demo` : "notify-server demo";
  }
}

/** A plain form: another user is another address of the page. */
function userForm(user: string, roles: string): HTMLFormElement {
  return h(
    "form",
    { class: "who" },
    h("label", {}, "User", h("input", { name: "user", value: user, required: true, maxlength: 128 })),
    h("label", {}, "Roles", h("input", { name: "roles", value: roles, placeholder: "ADMIN" })),
    h("button", { class: "button small", type: "submit" }, "Switch"),
  );
}
