/** The socket: connecting, coming back, fresh tokens. Knows nothing of notifications. */
import { io } from "socket.io-client";
import type { ClientPayloads } from "../generated/wire";
import { tokenOf } from "./options";
import { claimsOf } from "./token";
import type { ClientEvent, ClientOptions, ConnectionState, NotifySocket, Status } from "./types";
import { within } from "./within";

/** The server did not do what it was asked. */
export class RefusedError extends Error {
  constructor(
    /** The server's code, or NOT_CONNECTED, or NO_ANSWER. */
    readonly code: string,
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
    this.name = "RefusedError";
  }
}

export interface ConnectionHooks {
  /** What goes along with the token, asked before every connection. */
  auth: () => { cursor: string | null; device_id: string };
  onState: (state: ConnectionState) => void;
  onSocket: (socket: NotifySocket) => void;
  onWire: (direction: "in" | "out", event: string, payload: unknown) => void;
  onFault: (message: string, error: unknown) => void;
}

interface Answered {
  ok: boolean;
  error?: { code: string; message: string; details?: { retry_after_s?: number } };
}

/** Refusals that a fresh token may mend. */
const TOKEN_CODES = new Set(["TOKEN_MISSING", "TOKEN_EXPIRED", "TOKEN_INVALID"]);
/** How a server says so; it has no code of ours. */
const NO_NAMESPACE = "Invalid namespace";
const ANSWER_WITHIN_MS = 10_000;
const DELAY_MS = 500;
const DELAY_MAX_MS = 20_000;
/** A token that ends sooner is not worth connecting with. */
const FRESH_S = 15;
const REFRESH_AGAIN_MS = 5_000;
const TOKEN_WITHIN_MS = 30_000;
/** Somebody else is logged in. */
export const USER_MISMATCH = "USER_MISMATCH";

/** Full jitter: anything up to the doubled delay, so that clients do not come back together. */
export function jittered(attempt: number, max: number, random = Math.random): number {
  return random() * Math.min(max, DELAY_MS * 2 ** attempt);
}

export const unconnected = () => new RefusedError("NOT_CONNECTED", "There is no connection.");
const unanswered = () => new RefusedError("NO_ANSWER", "The server did not answer.");
const isOffline = () => typeof navigator !== "undefined" && navigator.onLine === false;

export class Connection {
  socket: NotifySocket | null = null;
  readonly #options: ClientOptions;
  readonly #hooks: ConnectionHooks;
  #token: string | null = null;
  /** Tokens fetched since the last success: a second refusal is final. */
  #renewals = 0;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isWanted = false;
  #wasConnected = false;
  /** Counts the openings: what an earlier one awaited is void. */
  #opening = 0;

  constructor(options: ClientOptions, hooks: ConnectionHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  get isConnected(): boolean {
    return this.socket?.connected ?? false;
  }

  /** The token in use; kept in memory only. */
  get token(): string | null {
    return this.#token;
  }

  open(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#renewals = this.#attempt = 0;
    globalThis.addEventListener?.("online", this.#online);
    globalThis.addEventListener?.("offline", this.#offline);
    this.#tell("connecting", null);
    void this.#connect();
  }

  /** Leaves, and stays away. */
  close(): void {
    this.#isWanted = false;
    this.#opening++;
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.("online", this.#online);
    globalThis.removeEventListener?.("offline", this.#offline);
    this.socket?.disconnect();
    this.#tell("offline", null);
  }

  /** Leaves for good: the token goes too. */
  end(): void {
    this.close();
    this.#token = null;
  }

  /**
   * Sends an event and waits for its answer.
   *
   * @throws RefusedError with the server's code, or NOT_CONNECTED, or NO_ANSWER after ten seconds.
   */
  async ask<Event extends ClientEvent, Result = object>(
    event: Event,
    payload: ClientPayloads[Event],
  ): Promise<Result> {
    const socket = this.socket;
    if (!socket?.connected) throw unconnected();
    this.#hooks.onWire("out", event, event === "refresh_token" ? {} : payload);
    const answer = await this.#emit(socket, event, payload);
    this.#hooks.onWire("in", `${event} (answer)`, answer);
    if (answer?.ok) return answer as Result;
    const { code = "INTERNAL", message = "", details } = answer?.error ?? {};
    throw new RefusedError(code, message, details?.retry_after_s ? details.retry_after_s * 1000 : null);
  }

  #emit(socket: NotifySocket, event: string, payload: object): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const emit = socket.timeout(ANSWER_WITHIN_MS).emit as (event: string, ...args: unknown[]) => void;
      emit.call(socket, event, payload, (error: Error | null, answer: Answered) =>
        error ? reject(socket.connected ? unanswered() : unconnected()) : resolve(answer),
      );
    });
  }

  readonly #online = () => {
    if (this.#isWanted && !this.isConnected) this.#again(0, "the network is back");
  };

  /** The browser knows sooner than the transport. It may be wrong, so trying goes on. */
  readonly #offline = () => {
    this.socket?.disconnect();
    this.#retry("the browser is offline");
  };

  #tell(status: Status, reason: string | null, code: string | null = null): void {
    const shown = status === "reconnecting" && isOffline() ? "offline" : status;
    this.#hooks.onState({ status: shown, reason, code });
  }

  async #connect(): Promise<void> {
    const opening = ++this.#opening;
    try {
      await this.#freshToken();
    } catch (error) {
      if (opening !== this.#opening) return;
      this.#hooks.onFault("getToken failed", error);
      this.#retry("no token could be had");
      return;
    }
    if (opening !== this.#opening || !this.#isWanted) return;
    if (this.#isForeign(this.#token)) return;
    (this.socket ??= this.#made()).connect();
  }

  /** A token of somebody else is never used; whoever is here now is not whose notifications these are. */
  #isForeign(token: string | null): boolean {
    const { sub } = claimsOf(token ?? "");
    if (sub === undefined || sub === this.#options.user) return false;
    this.#refuse(
      USER_MISMATCH,
      `The token is for ${JSON.stringify(sub)}, and user is "${this.#options.user}".`,
    );
    return true;
  }

  async #freshToken(): Promise<void> {
    const { exp } = claimsOf(this.#token ?? "");
    const isFresh = this.#token && (exp === undefined || exp - Date.now() / 1000 > FRESH_S);
    if (!isFresh) this.#token = await this.#newToken();
  }

  /** The application's callback may hang: then another try is better than waiting for it. */
  async #newToken(): Promise<string> {
    const asked = this.#options.getToken();
    return tokenOf(await within(TOKEN_WITHIN_MS, "getToken did not answer in time", asked));
  }

  #made(): NotifySocket {
    const { url, path = "/socket.io/", namespace = "/", transports } = this.#options;
    const origin = url ?? location.origin;
    const socket: NotifySocket = io(origin.replace(/\/+$/, "") + namespace, {
      path,
      forceNew: true,
      autoConnect: false,
      reconnection: false,
      ...(transports && { transports }),
      auth: (give) => give({ token: this.#token, ack: true, ...this.#hooks.auth() }),
    });
    socket.on("connect", () => this.#connected());
    socket.on("disconnect", (reason) => this.#disconnected(reason));
    socket.on("connect_error", (error) => this.#failed(error));
    socket.on("token_expiring", () => void this.#refresh(socket));
    socket.on("reconnect", ({ reason, after_ms }) => this.#leave(reason, after_ms));
    socket.onAny((event: string, ...args: unknown[]) => this.#hooks.onWire("in", event, args[0]));
    this.#hooks.onSocket(socket);
    return socket;
  }

  #connected(): void {
    clearTimeout(this.#timer);
    this.#wasConnected = true;
    this.#renewals = this.#attempt = 0;
    this.#hooks.onWire("in", "connect", { transport: this.socket?.io.engine?.transport.name });
    this.#tell("connected", null);
  }

  #disconnected(reason: string): void {
    this.#hooks.onWire("in", "disconnect", { reason });
    if (!this.#isWanted || reason === "io client disconnect") return;
    if (reason === "io server disconnect") this.#refuse("DISCONNECTED", "The server ended this session.");
    else this.#retry(reason);
  }

  #failed(error: Error & { data?: { code?: string } }): void {
    const code = error.data?.code;
    this.#hooks.onWire("in", "connect_error", { code, message: error.message });
    if (!this.#isWanted) return;
    if (error.message === NO_NAMESPACE)
      this.#refuse("FORBIDDEN_NAMESPACE", "The server has no such namespace.");
    else if (code === undefined) this.#unreached(error.message);
    else if (TOKEN_CODES.has(code) && this.#renewals++ === 0) {
      this.#token = null;
      this.#again(0, "fetching a new token");
    } else this.#refuse(code, error.message);
  }

  /** Whoever has never been there may have the wrong address, which the browser tells to no script. */
  #unreached(reason: string): void {
    const { url, path } = this.#options;
    const from = globalThis.location?.origin;
    if (!this.#wasConnected && this.#attempt === 1) {
      const origins = from && url && from !== url ? ` Is ${from} among its [cors] origins?` : "";
      this.#hooks.onFault(
        `Not connected yet (${reason}). Is the server at ${url ?? from}${path ?? ""}?${origins}`,
        null,
      );
    }
    this.#retry(reason);
  }

  /** For good, until somebody opens it again. */
  #refuse(code: string, message: string): void {
    const why = code === "TOKEN_INVALID" ? " The server's log says why." : "";
    this.#hooks.onFault(`Refused, until connect() is called: ${message} (${code})${why}`, null);
    this.#isWanted = false;
    this.#token = null;
    clearTimeout(this.#timer);
    this.#tell("refused", message, code);
  }

  #retry(reason: string): void {
    const max = this.#options.reconnectDelayMax ?? DELAY_MAX_MS;
    this.#again(jittered(this.#attempt++, max), reason);
  }

  #again(delayMs: number, reason: string): void {
    if (!this.#isWanted) return;
    clearTimeout(this.#timer);
    this.#tell("reconnecting", reason);
    this.#timer = setTimeout(() => void this.#connect(), delayMs);
  }

  /** The server is about to stop: away now, back when it says. */
  #leave(reason: string, afterMs: number): void {
    this.socket?.disconnect();
    this.#again(afterMs, reason);
  }

  /** Replaces the token of the open connection; should that fail, its end leads to a new one. */
  async #refresh(socket: NotifySocket): Promise<void> {
    const id = socket.id;
    try {
      const token = await this.#newToken();
      if (socket.id !== id) return;
      if (this.#isForeign(token)) return void socket.disconnect();
      await this.ask("refresh_token", { token });
      this.#token = token;
    } catch (error) {
      this.#hooks.onFault("The token could not be refreshed", error);
      setTimeout(() => socket.id === id && socket.connected && void this.#refresh(socket), REFRESH_AGAIN_MS);
    }
  }
}
