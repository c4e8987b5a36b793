/** Typed listeners. */
type Listeners<Events> = { [Event in keyof Events]?: Set<Events[Event]> };

export class Emitter<Events extends { [Event in keyof Events]: (...args: never[]) => void }> {
  readonly #listeners: Listeners<Events> = {};

  /** Returns what takes the listener away again. */
  on<Event extends keyof Events>(event: Event, listener: Events[Event]): () => void {
    const all = (this.#listeners[event] ??= new Set());
    all.add(listener);
    return () => void all.delete(listener);
  }

  /**
   * Returns whether anybody listens. A listener that fails hinders nobody: its error goes where
   * uncaught ones go.
   */
  emit<Event extends keyof Events>(event: Event, ...args: Parameters<Events[Event]>): boolean {
    const listeners = [...(this.#listeners[event] ?? [])];
    for (const listener of listeners) {
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    return listeners.length > 0;
  }
}
