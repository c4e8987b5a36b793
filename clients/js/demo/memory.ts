/** Keeps items and cursor of one user together between visits; one write, so they never disagree. */
import { EMPTY, type Held, type State } from "./store";

const PREFIX = "notify-demo:";

interface Snapshot {
  /** Which server it came from: another one knows nothing of these ids. */
  server: string;
  cursor: string | null;
  items: Held[];
  gone: string[];
  count: State["count"];
}

export class Memory {
  readonly #key: string;
  readonly #server: string;

  constructor(user: string, server: string) {
    this.#key = `${PREFIX}user:${user}`;
    this.#server = server;
  }

  load(): State {
    const text = localStorage.getItem(this.#key);
    if (text === null) return EMPTY;
    const snapshot = JSON.parse(text) as Snapshot;
    if (snapshot.server !== this.#server) return EMPTY;
    const items = new Map(snapshot.items.map((held) => [held.item.id, held]));
    return { ...EMPTY, items, gone: new Set(snapshot.gone), cursor: snapshot.cursor, count: snapshot.count };
  }

  /** @throws DOMException when the browser's storage is full or switched off. */
  save(state: State): void {
    const snapshot: Snapshot = {
      server: this.#server,
      cursor: state.cursor,
      items: [...state.items.values()],
      gone: [...state.gone],
      count: state.count,
    };
    localStorage.setItem(this.#key, JSON.stringify(snapshot));
  }
}

/** A name for this browser that stays. */
export function deviceId(): string {
  const key = `${PREFIX}device`;
  const known = localStorage.getItem(key);
  if (known !== null) return known;
  const made = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  localStorage.setItem(key, made.join(""));
  return made.join("");
}
