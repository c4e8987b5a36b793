/** A proxy of the kind that stands in offices: it passes HTTP on, and WebSocket not. */
import { once } from "node:events";
import { createServer, request, type Server as HttpServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What becomes of a request for a WebSocket. */
const UPGRADES = {
  refused: (socket: Socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
  cut: (socket: Socket) => socket.destroy(),
  "never answered": () => undefined,
};
export type Upgrade = keyof typeof UPGRADES;

export class Proxy {
  readonly #http: HttpServer;
  readonly #held = new Set<Socket>();
  readonly #answers: (() => void)[] = [];
  #isHeld = (_path: string) => false;
  /** How often a WebSocket was asked for. */
  upgrades = 0;

  private constructor(target: number, upgrade: Upgrade) {
    this.#http = createServer((incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const onward = request({ port: target, host: "127.0.0.1", method, path: url, headers }, (answer) => {
        const give = () => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        };
        if (this.#isHeld(url ?? "")) this.#answers.push(give);
        else give();
      });
      onward.on("error", () => outgoing.destroy());
      outgoing.on("close", () => onward.destroy());
      incoming.pipe(onward);
    });
    this.#http.on("upgrade", (_incoming, socket: Socket) => {
      this.upgrades++;
      this.#held.add(socket);
      socket.on("error", () => undefined); // the client gives up first
      UPGRADES[upgrade](socket);
    });
  }

  static async before(target: number, upgrade: Upgrade): Promise<Proxy> {
    const proxy = new Proxy(target, upgrade);
    proxy.#http.listen(0, "127.0.0.1");
    await once(proxy.#http, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Answers to requests whose path has this in it wait from now on. */
  hold(part: string): void {
    this.#isHeld = (path) => path.includes(part);
  }

  /** How many answers wait. */
  get waiting(): number {
    return this.#answers.length;
  }

  /** They wait no longer. */
  release(): void {
    this.#isHeld = () => false;
    for (const give of this.#answers.splice(0)) give();
  }

  close(): void {
    for (const socket of this.#held) socket.destroy();
    this.#http.closeAllConnections();
    this.#http.close();
  }
}
