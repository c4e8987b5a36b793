/** Toasts of one client: plain code that `Toaster` draws. Undo toasts come here from every component. */
import type { Notification } from "../generated/wire";

export interface Toast {
  /** A toast with the same key is replaced in place. */
  readonly key: string;
  readonly text: string;
  readonly notification?: Notification;
  readonly undo?: () => void;
  /** It ran out, or was closed, without being undone. */
  readonly onEnd?: () => void;
  /** How long it stays, in ms; null: until it is closed. */
  readonly ms: number | null;
}

/** How long toasts stay by priority, in ms; null: until they are closed. */
export const STAY: Readonly<Record<Notification["priority"], number | null>> = {
  low: 4_000,
  normal: 6_000,
  high: 9_000,
  urgent: 15_000,
  critical: null,
};

const UNDO_MS = 8_000;
/** Urgent words that come so soon after others are said with them. */
const TOGETHER_MS = 1_000;
/** In letters; of a flood of them the newest are said. */
const LONGEST_SAID = 2_000;

export class Toasts {
  list: readonly Toast[] = [];
  /** How many passing ones there may be at a time. */
  max = 4;
  /** How those who listen get to the way back, said after what was done. */
  hint = "";
  /** What was last said to those who listen, politely or at once. */
  said: { polite: string; assertive: string } = { polite: "", assertive: "" };
  readonly #watchers = new Set<() => void>();
  /** On the desktop, outside of the page. */
  readonly #desktop = new Set<{ close(): void }>();
  /** When something urgent was last said. */
  #urgentAt = -TOGETHER_MS;
  /** How many components draw them. */
  #drawers = 0;
  /** Live regions that are drawn: only the first one speaks. */
  readonly speakers: symbol[] = [];

  readonly watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  };

  /**
   * Somebody draws them; returns how to stop. What nobody draws can no longer be undone; what stays until
   * it is closed waits for whoever draws next.
   */
  readonly draw = (): (() => void) => {
    this.#drawers++;
    return () => {
      if (--this.#drawers > 0) return;
      this.#closeDesktop();
      for (const toast of this.list) if (toast.ms !== null) this.end(toast, "close");
    };
  };

  /** The person is gone: nothing of them is left to see or to hear. */
  clear(): void {
    this.#closeDesktop();
    for (const toast of this.list) this.end(toast, "close");
    this.said = { polite: "", assertive: "" };
    this.#changed();
  }

  /** What is shown on the desktop goes with the toasts; returns what to call when it went by itself. */
  onDesktop(shown: { close(): void }): () => void {
    this.#desktop.add(shown);
    return () => void this.#desktop.delete(shown);
  }

  #closeDesktop(): void {
    for (const shown of this.#desktop) shown.close();
    this.#desktop.clear();
  }

  has(key: string): boolean {
    return this.list.some((toast) => toast.key === key);
  }

  show(toast: Toast): void {
    if (this.#drawers === 0) return toast.onEnd?.();
    const at = this.list.findIndex(({ key }) => key === toast.key);
    if (at >= 0) this.list[at]?.onEnd?.();
    this.list = at >= 0 ? this.list.map((one, n) => (n === at ? toast : one)) : [...this.list, toast];
    this.#makeRoom();
    this.#changed();
  }

  /** What is passing gives way to what is newer; it is in the list anyway. */
  #makeRoom(): void {
    const passing = this.list.filter(({ ms, undo }) => ms !== null && undo === undefined);
    const over = new Set(passing.slice(0, Math.max(0, passing.length - this.max)));
    if (over.size > 0) this.list = this.list.filter((toast) => !over.has(toast));
  }

  /** Shows what was done, with a way back; without one the change is final at once. */
  undoable(text: string, undo: () => void, onEnd?: () => void): void {
    this.show({ key: `undo ${++made}`, text, undo, onEnd, ms: UNDO_MS });
    this.say([text, this.hint].filter(Boolean).join(". "));
  }

  /** Says something in passing. */
  notice(text: string): void {
    this.show({ key: `notice ${++made}`, text, ms: STAY.normal });
    this.say(text);
  }

  /** Draws the toast of a notification anew, if it is still there. */
  revise(notification: Notification, text: string): void {
    const toast = this.list.find((one) => one.notification?.id === notification.id);
    if (toast === undefined) return;
    this.list = this.list.map((one) => (one === toast ? { ...one, notification, text } : one));
    this.#changed();
  }

  /** It is over: undone, or for good. */
  end(toast: Toast, how: "undo" | "close"): void {
    if (!this.list.includes(toast)) return;
    this.list = this.list.filter((one) => one !== toast);
    if (how === "undo") toast.undo?.();
    else toast.onEnd?.();
    this.#changed();
  }

  say(text: string, isUrgent = false): void {
    // The same words twice are said twice only if the text differs.
    const other = isUrgent ? this.said.assertive : this.said.polite;
    const now = performance.now();
    // What replaces urgent words before they were read out says them once more.
    const isTogether =
      isUrgent && other !== "" && other.length < LONGEST_SAID && now - this.#urgentAt < TOGETHER_MS;
    if (isUrgent) this.#urgentAt = now;
    const words = isTogether ? `${other} ${text}` : other === text ? `${text}\u00a0` : text;
    this.said = isUrgent ? { ...this.said, assertive: words } : { ...this.said, polite: words };
    this.#changed();
  }

  speak(speaker: symbol): () => void {
    this.speakers.push(speaker);
    this.#changed();
    return () => {
      this.speakers.splice(this.speakers.indexOf(speaker), 1);
      this.#changed();
    };
  }

  #changed(): void {
    for (const changed of [...this.#watchers]) changed();
  }
}

let made = 0;
const all = new WeakMap<object, Toasts>();

/** The toasts of a client, whichever component asks. */
export function toastsOf(client: object): Toasts {
  let toasts = all.get(client);
  if (toasts === undefined) all.set(client, (toasts = new Toasts()));
  return toasts;
}
