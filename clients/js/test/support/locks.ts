/** Turns between tabs, as browsers have them and Node 20 has not. */
const last = new Map<string, Promise<unknown>>();

async function request(name: string, work: () => Promise<unknown>): Promise<unknown> {
  const before = last.get(name);
  const turn = (async () => {
    await before;
    return work();
  })();
  last.set(
    name,
    turn.catch(() => undefined),
  );
  return turn;
}

Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
