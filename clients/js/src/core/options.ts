/** What an application gives, looked at once: a mistake is told where it was made. */
import type { ClientOptions } from "./types";

function fail(why: string): never {
  throw new TypeError(`notify-client: ${why}`);
}

/**
 * The options as the client uses them.
 *
 * @throws TypeError that says what to give instead.
 */
export function checked(options: ClientOptions): ClientOptions {
  const { user, getToken, url } = options ?? fail("createNotifyClient needs { user, getToken }.");
  if (typeof user !== "string" || user === "")
    fail('user must be a text that is not empty: the "sub" of the token.');
  if (typeof getToken !== "function") fail("getToken must be a function that gives a token.");
  for (const name of ["path", "apiPath", "namespace"] as const) {
    if (options[name] !== undefined && !options[name].startsWith("/")) fail(`${name} must begin with "/".`);
  }
  if (url) checkOrigin(url);
  return { ...options, url: url?.replace(/\/+$/, "") || undefined };
}

function checkOrigin(url: string): void {
  const found = /^https?:\/\/[^/?#]+(.*)$/i.exec(url);
  if (found === null) fail("url must be the server's origin, such as https://notify.example.com.");
  const base = found[1]!.replace(/\/+$/, "");
  if (base) fail(`url must end after the host; give path="${base}/socket.io/" and apiPath="${base}/api/v1".`);
}

/**
 * The token in what `getToken` gave.
 *
 * @throws TypeError that says what it gave, never the thing itself: it may hold a token.
 */
export function tokenOf(given: unknown): string {
  const text = typeof given === "string" ? given.trim() : "";
  if (/^[\w=-]+\.[\w=-]+\.[\w=-]+$/.test(text)) return text;
  let found = `a value of type ${typeof given}`;
  if (given === undefined || given === null || given === "") found = "nothing";
  else if (typeof given === "string") found = text.startsWith("<") ? "a page of HTML" : "a text that is none";
  throw new TypeError(`getToken must give a JWT, and gave ${found}.`);
}
