/** Formats of a language are dear to make: there is one of each. */

const made = new Map<string, unknown>();

/** @param key names the kind and the language. */
export function once<T>(key: string, make: () => T): T {
  const known = made.get(key) as T | undefined;
  if (known !== undefined) return known;
  const fresh = make();
  made.set(key, fresh);
  return fresh;
}
