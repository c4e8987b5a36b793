/** The server's HTTP API, for what the socket has no event for. */
import type { Notification, Subscriptions } from "../generated/wire";
import type { ClientOptions } from "./types";
import { within } from "./within";

/** Nothing waits for an answer for ever: actions that are to go out above all. */
const ANSWER_WITHIN_MS = 10_000;

export class Api {
  readonly #options: ClientOptions;
  readonly #token: () => string | null;

  constructor(options: ClientOptions, token: () => string | null) {
    this.#options = options;
    this.#token = token;
  }

  /** One notification; null: there is none for this user. */
  notification(id: string): Promise<Notification | null> {
    return this.#get(`/notifications/${encodeURIComponent(id)}`);
  }

  subscriptions(): Promise<Subscriptions | null> {
    return this.#get("/subscriptions");
  }

  #get<T>(path: string): Promise<T | null> {
    return within(ANSWER_WITHIN_MS, "The server did not answer in time.", this.#fetched<T>(path));
  }

  /** null: there is no such thing. The token goes into a header, never into the address. */
  async #fetched<T>(path: string): Promise<T | null> {
    const { url = location.origin, apiPath = "/api/v1" } = this.#options;
    const response = await fetch(`${url.replace(/\/+$/, "")}${apiPath}${path}`, {
      headers: { Authorization: `Bearer ${this.#token()}` },
    });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return (await response.json()) as T;
  }
}
