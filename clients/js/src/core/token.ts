/** What a token says of itself, without any check: the server checks. */

export interface Claims {
  sub?: string;
  /** Seconds since 1970. */
  exp?: number;
}

/** The claims of a JWT; none if it is something else. */
export function claimsOf(token: string): Claims {
  try {
    const text = atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
  } catch {
    return {};
  }
}
