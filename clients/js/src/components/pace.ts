/** How much a person can be told: a few at once, then one after the other; of the rest, how many. */
import { useEffect, useRef, useState } from "react";
import { useNotifyClient } from "../react/context";
import { useClientState } from "../react/hooks";

const AT_ONCE = 4;
const NEXT_MS = 1_500;
/** The number is told so often at most. */
const TELL_MS = 500;

export class Pace {
  /** Told how many more there were since it was last told. */
  readonly #tell: (more: number) => void;
  readonly #left = new Map<string, { count: number; at: number }>();
  #more = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (more: number) => void) {
    this.#tell = tell;
  }

  /**
   * Whether there is time for one by itself; if not, it is counted.
   *
   * @param lane has an allowance of its own, so that what matters does not wait behind what does not.
   */
  admits(lane: string, now = performance.now()): boolean {
    const { count, at } = this.#left.get(lane) ?? { count: AT_ONCE, at: now };
    const left = Math.min(AT_ONCE, count + (now - at) / NEXT_MS);
    const isAdmitted = left >= 1;
    this.#left.set(lane, { count: isAdmitted ? left - 1 : left, at: now });
    if (!isAdmitted) this.add();
    return isAdmitted;
  }

  /** One of which only the number is told. */
  add(): void {
    this.#more++;
    this.#timer ??= setTimeout(() => {
      const more = this.#more;
      this.stop();
      this.#tell(more);
    }, TELL_MS);
  }

  /** What was counted and not told is dropped. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#more = 0;
  }
}

/** The pace of a component; what it counted ends with it, and with whom it was counted for. */
export function usePace(tell: (more: number) => void): Pace {
  const client = useNotifyClient();
  const isLoaded = useClientState("isLoaded");
  const latest = useRef(tell);
  useEffect(() => {
    latest.current = tell;
  });
  const [pace] = useState(() => new Pace((more) => latest.current(more)));
  useEffect(() => () => pace.stop(), [pace, client, isLoaded]);
  return pace;
}
