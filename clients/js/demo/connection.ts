/** The socket: connecting with what is held, coming back, fresh tokens. Knows nothing of the page. */
import { io, type Socket } from "socket.io-client";
import type { Answer, ServerEvents, Session } from "./types";

export type Status = "connecting" | "connected" | "reconnecting" | "offline" | "refused";

/** An action that the server did not carry out. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface Options {
  /** Origin of the server. */
  url: string;
  deviceId: string;
  /** Asked before every connection: up to where everything is held. */
  cursor: () => string | null;
  renewSession: () => Promise<Session>;
  onStatus: (status: Status, why: string) => void;
  /** Everything that crosses the wire, for people to read. */
  onWire: (direction: "in" | "out", event: string, payload: unknown) => void;
}

/** Refusals that a fresh token may mend. */
const TOKEN_CODES = new Set(["TOKEN_EXPIRED", "TOKEN_INVALID"]);
const ANSWER_WITHIN_MS = 10_000;
const RENEW_PAUSE_MS = 2_000;

type Emit = (event: string, ...args: unknown[]) => void;

export class Connection {
  readonly socket: Socket<ServerEvents>;
  readonly #options: Options;
  #session: Session;
  /** Tokens fetched since the last success: a second refusal is final. */
  #renewals = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, options: Options) {
    this.#session = session;
    this.#options = options;
    this.socket = io(options.url, {
      path: session.socket_path,
      autoConnect: false,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
      auth: (give) =>
        give({
          token: this.#session.token,
          ack: true,
          cursor: options.cursor(),
          device_id: options.deviceId,
        }),
    });
    this.socket.on("connect", () => this.#connected());
    this.socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.socket.on("connect_error", (error) => this.#refused(error));
    this.socket.on("token_expiring", () => void this.#refreshToken());
    this.socket.on("reconnect", ({ reason, after_ms }) => this.#pause(reason, after_ms));
    this.socket.onAny((event: string, ...args: unknown[]) => options.onWire("in", event, args[0]));
  }

  get session(): Session {
    return this.#session;
  }

  open(): void {
    clearTimeout(this.#timer);
    this.#renewals = 0;
    this.#options.onStatus("connecting", "");
    this.socket.connect();
  }

  /** Leaves, as a laptop that is shut would. */
  close(): void {
    clearTimeout(this.#timer);
    this.socket.disconnect();
    this.#options.onStatus("offline", "");
  }

  /**
   * Sends an event and waits for its answer.
   *
   * @throws Refused with the server's code, or NOT_CONNECTED, or NO_ANSWER after ten seconds.
   */
  async ask<T>(event: string, payload: object): Promise<T> {
    if (!this.socket.connected) throw new Refused("NOT_CONNECTED", "Not connected: try again in a moment.");
    this.#options.onWire("out", event, payload);
    const answer = await this.#emit<T>(event, payload);
    this.#options.onWire("in", `${event} (answer)`, answer);
    if (!answer.ok) throw new Refused(answer.error.code, answer.error.message);
    return answer;
  }

  #emit<T>(event: string, payload: object): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      const timed = this.socket.timeout(ANSWER_WITHIN_MS) as unknown as { emit: Emit };
      timed.emit(event, payload, (error: Error | null, answer: Answer<T>) =>
        error ? reject(new Refused("NO_ANSWER", "The server did not answer.")) : resolve(answer),
      );
    });
  }

  #connected(): void {
    this.#renewals = 0;
    this.#options.onWire("in", "connect", { transport: this.socket.io.engine.transport.name });
    this.#options.onStatus("connected", "");
  }

  #disconnected(reason: Socket.DisconnectReason): void {
    this.#options.onWire("in", "disconnect", { reason });
    if (reason === "io client disconnect") return;
    const final = reason === "io server disconnect";
    this.#options.onStatus(
      final ? "refused" : "reconnecting",
      final ? "The server ended this session." : reason,
    );
  }

  #refused(error: Error & { data?: { code?: string } }): void {
    const code = error.data?.code;
    this.#options.onWire("in", "connect_error", { code, message: error.message });
    if (this.socket.active) this.#options.onStatus("reconnecting", error.message);
    else if (code !== undefined && TOKEN_CODES.has(code) && this.#renewals++ === 0) void this.#renew();
    else this.#options.onStatus("refused", code ? `${code}: ${error.message}` : error.message);
  }

  /** Fetches a token and connects with it, as soon as the server answers. */
  async #renew(): Promise<void> {
    this.#options.onStatus("reconnecting", "fetching a new token");
    try {
      this.#session = await this.#options.renewSession();
    } catch (error) {
      this.#options.onWire("in", "session (failed)", { message: String(error) });
      this.#timer = setTimeout(() => void this.#renew(), RENEW_PAUSE_MS);
      return;
    }
    this.socket.connect();
  }

  /** Replaces the token of the open connection; should that fail, its end leads to a new one. */
  async #refreshToken(): Promise<void> {
    try {
      this.#session = await this.#options.renewSession();
      await this.ask("refresh_token", { token: this.#session.token });
    } catch (error) {
      this.#options.onWire("in", "refresh_token (failed)", { message: String(error) });
    }
  }

  /** The server is about to stop: away now, back when it says. */
  #pause(reason: string, afterMs: number): void {
    this.socket.disconnect();
    this.#options.onStatus("reconnecting", reason);
    this.#timer = setTimeout(() => this.socket.connect(), afterMs);
  }
}
