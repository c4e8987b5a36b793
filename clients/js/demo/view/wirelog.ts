/** The latest events as they crossed the wire. */
import { h } from "./dom";

const LINES = 60;
const WIDTH = 400;
const clock = new Intl.DateTimeFormat("en", { hour12: false, timeStyle: "medium" });

export class WireLog {
  readonly #lines = h("ol", { class: "lines", tabindex: 0, "aria-label": "Latest wire events" });
  readonly root = h(
    "section",
    { class: "card wire" },
    h("header", {}, h("h2", {}, "On the wire")),
    this.#lines,
  );

  add(direction: "in" | "out", event: string, payload: unknown): void {
    const text = payload === undefined ? "" : hideTokens(JSON.stringify(payload));
    const line = h(
      "li",
      { class: direction },
      h("time", {}, clock.format(new Date())),
      h("span", { class: "arrow" }, direction === "in" ? "\u2190" : "\u2192"),
      h("b", {}, event),
      h("code", { title: text.slice(0, 4 * WIDTH) }, text.slice(0, WIDTH)),
    );
    this.#lines.prepend(line);
    while (this.#lines.childElementCount > LINES) this.#lines.lastElementChild?.remove();
  }
}

function hideTokens(json: string): string {
  return json.replace(/"token":"[^"]*"/g, '"token":"…"');
}
