/** Sends notifications as an internal service would, and shows the answer as it came. */
import { Problem, type Accepted, type Submission, type Target } from "../api";
import { PRIORITIES, type Priority } from "../types";
import { h } from "./dom";
import { icon } from "./icons";

const TYPES = [
  "success",
  "info",
  "warning",
  "error",
  "alert",
  "security",
  "system",
  "user_action",
  "progress_update",
  "admin",
] as const;

/** What a target field's text means. */
const TARGETS: Readonly<Record<string, (name: string) => Target>> = {
  user: (name) => ({ user: name }),
  role: (name) => ({ role: name }),
  room: (name) => ({ room: name }),
  everyone: () => ({ all: true }),
};

const STEPS = 20;
const STEP_MS = 250;
const PARTS = 240;

export type Submit = (submission: Submission) => Promise<Accepted>;

export class Composer {
  readonly root: HTMLElement;
  readonly #submit: Submit;
  readonly #user: string;
  readonly #form: HTMLFormElement;
  readonly #answer = h("output", { class: "answer", "aria-live": "polite" });
  readonly #run: HTMLButtonElement;

  constructor(user: string, submit: Submit) {
    this.#user = user;
    this.#submit = submit;
    this.#run = h(
      "button",
      { class: "button", type: "button" },
      icon("progress_update"),
      "Run a progress bar",
    );
    this.#run.addEventListener("click", () => void this.#runProgress());
    this.#form = form(user, this.#run);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
    this.root = h(
      "section",
      { class: "card composer" },
      h("header", {}, h("h2", {}, "Send")),
      this.#form,
      this.#answer,
    );
  }

  async #send(): Promise<void> {
    const fields = new FormData(this.#form);
    const text = (name: string) => String(fields.get(name) ?? "");
    const target = TARGETS[text("kind")] ?? TARGETS.user;
    const submission: Submission = {
      to: target?.(text("target")) ?? this.#user,
      title: text("title"),
      message: text("message"),
      type: text("type"),
      priority: text("priority") as Priority,
      requires_acknowledgment: fields.has("requires_acknowledgment"),
      persist: fields.has("persist"),
      ...(text("action_url") && { action_url: text("action_url") }),
    };
    await this.#deliver(submission);
  }

  /** Submits, and says whether it was accepted. */
  async #deliver(submission: Submission): Promise<boolean> {
    try {
      const { id, status, revision } = await this.#submit(submission);
      this.#say("good", [`202 ${status}, revision ${revision}`, id]);
      return true;
    } catch (error) {
      this.#say("bad", error instanceof Problem ? error.lines : [`Not sent: ${(error as Error).message}`]);
      return false;
    }
  }

  #say(kind: string, lines: string[]): void {
    this.#answer.className = `answer ${kind}`;
    this.#answer.replaceChildren(...lines.map((line) => h("p", {}, line)));
  }

  /** Twenty submissions under one collapse key: one notification that fills up in place. */
  async #runProgress(): Promise<void> {
    this.#run.disabled = true;
    const key = `export-${Date.now()}`;
    for (let step = 1; step <= STEPS; step++) {
      const isAccepted = await this.#deliver({
        to: { user: this.#user },
        title: step < STEPS ? "Exporting the caption archive" : "Caption archive exported",
        message: `${(step * PARTS) / STEPS} of ${PARTS} files`,
        type: "progress_update",
        data: { percent: (step * 100) / STEPS },
        collapse_key: key,
      });
      if (!isAccepted) break;
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
    this.#run.disabled = false;
  }
}

function select(name: string, options: readonly string[], chosen: string): HTMLSelectElement {
  const made = options.map((option) =>
    h("option", { value: option, selected: option === chosen }, option.replaceAll("_", " ")),
  );
  return h("select", { name }, ...made);
}

function field(label: string, control: HTMLElement, wide = false): HTMLElement {
  return h("label", { class: wide ? "field wide" : "field" }, h("span", {}, label), control);
}

function check(label: string, name: string, checked: boolean): HTMLElement {
  return h("label", { class: "check" }, h("input", { type: "checkbox", name, checked }), label);
}

function form(user: string, run: HTMLButtonElement): HTMLFormElement {
  const kind = select("kind", Object.keys(TARGETS), "user");
  const target = h("input", { name: "target", value: user, "aria-label": "Name of the target" });
  kind.setAttribute("aria-label", "Kind of target");
  kind.addEventListener("change", () => (target.hidden = kind.value === "everyone"));
  const message = h(
    "textarea",
    { name: "message", rows: 2 },
    "Your caption task has completed: 128 segments.",
  );
  return h(
    "form",
    { novalidate: true },
    h("div", { class: "field wide" }, h("span", {}, "To"), h("div", { class: "pair" }, kind, target)),
    field("Title", h("input", { name: "title", value: "Task complete" }), true),
    field("Message", message, true),
    field("Type", select("type", TYPES, "success")),
    field("Priority", select("priority", PRIORITIES, "normal")),
    field("Link", h("input", { name: "action_url", placeholder: "/tasks/123 or https://…" }), true),
    h(
      "div",
      { class: "row checks" },
      check("Ask for acknowledgment", "requires_acknowledgment", false),
      check("Store it", "persist", true),
    ),
    h(
      "div",
      { class: "row" },
      h("button", { class: "button primary", type: "submit" }, icon("send"), "Send"),
      run,
    ),
  );
}
