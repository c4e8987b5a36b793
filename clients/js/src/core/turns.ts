/** One tab at a time: what all tabs of a browser do with one and the same thing. */

/**
 * Runs the work while no other tab runs work of this name; a tab that ends gives its turn back.
 *
 * Where browsers cannot agree on that (plain http, storage switched off) it runs at once.
 */
export async function inTurn(name: string, work: () => Promise<void>): Promise<void> {
  if (!hasTurns()) return work();
  let isStarted = false;
  const begin = () => {
    isStarted = true;
    return work();
  };
  try {
    await navigator.locks.request(name, begin);
  } catch (error) {
    if (isStarted) throw error;
    await work();
  }
}

/** Whether tabs can agree on turns at all. */
export function hasTurns(): boolean {
  return typeof navigator !== "undefined" && navigator.locks !== undefined;
}
