/** The real server in its own process, on a free port and a data directory of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../../..");
const PYTHON = process.env.NOTIFY_PYTHON || join(ROOT, ".venv/bin/python");
export const SECRET = "a secret that only these tests know, 32 bytes at least";
/** Nothing of the surroundings may configure the server. */
const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("NOTIFY_")),
);
const READY_MS = 120_000;
const POLL_MS = 25;

/** What the demo server tells a page about its user. */
export interface Session {
  user: string;
  token: string;
  api_key: string;
  socket_path: string;
  api_url: string;
}

export interface Answered {
  status: number;
  body: Record<string, any>;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Below what the system hands out by itself: such a port may have another owner by the time it is bound. */
const PORTS = { first: 12_000, count: 20_000 };

async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count);
    const probe = createServer().listen(port, "127.0.0.1");
    try {
      await once(probe, "listening"); // rejects with what is emitted as an error
      return port;
    } catch {
      continue;
    } finally {
      probe.close();
    }
  }
}

export class Server {
  #process: ChildProcess | undefined;
  #log = "";
  #key = "";

  private constructor(
    readonly port: number,
    readonly dataDir: string,
    readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** `settings` as the environment has them: NOTIFY_<SECTION>__<KEY>. */
  static async start(settings: Record<string, string> = {}): Promise<Server> {
    const dataDir = await mkdtemp(join(tmpdir(), "notify-lane-"));
    const server = new Server(await freePort(), dataDir, settings);
    await server.run();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process, and returns when it is ready. */
  async run(): Promise<void> {
    const args = [
      "-m",
      "notify_server",
      "serve",
      "--demo",
      "--host",
      "127.0.0.1",
      "--port",
      String(this.port),
    ];
    const limits = { NOTIFY_RATE_LIMITS__SUBMIT: "off", NOTIFY_RATE_LIMITS__CONNECT: "off" };
    this.#process = spawn(PYTHON, args, {
      cwd: ROOT,
      env: {
        ...INHERITED,
        ...limits,
        ...this.settings,
        NOTIFY_SERVER__DATA_DIR: this.dataDir,
        NOTIFY_AUTH__JWT_SECRET: SECRET,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (chunk) => (this.#log = (this.#log + chunk).slice(-8_000)));
    }
    await this.#ready();
  }

  async #ready(): Promise<void> {
    for (const end = Date.now() + READY_MS; Date.now() < end; await sleep(POLL_MS)) {
      if (this.#process?.exitCode !== null) break;
      const response = await fetch(`${this.url}/health/ready`).catch(() => null);
      if (response?.ok) return;
    }
    throw new Error(`The server is not ready:\n${this.#log}`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** An orderly stop, as a deployment does it. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const gone = once(process, "exit");
    process.kill(signal);
    await gone;
  }

  /** Ends the process and takes the data away. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async session(user: string, roles = ""): Promise<Session> {
    const query = new URLSearchParams({ user, roles });
    const response = await fetch(`${this.url}/demo/session?${query}`);
    if (!response.ok) throw new Error(`session: ${response.status} ${await response.text()}`);
    return (await response.json()) as Session;
  }

  /** A token of our own making, good for `ttlS` seconds from now. */
  token(user: string, ttlS: number, secret = SECRET): string {
    const now = Math.floor(Date.now() / 1000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { sub: user, roles: [], iat: now - 60, exp: now + ttlS };
    const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
    return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
  }

  async post(path: string, body: object): Promise<Answered> {
    const token = await this.#apiKey();
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, any> };
  }

  /** How delivery to this user stands, as an operator sees it; looking changes nothing. */
  async status(id: string, user: string): Promise<string> {
    const response = await fetch(`${this.url}/api/v1/admin/notifications/${id}?user=${user}`, {
      headers: { Authorization: `Bearer ${await this.#apiKey()}` },
    });
    const explained = (await response.json()) as { recipients: { items: { status: string }[] } };
    return explained.recipients.items[0]?.status ?? "nobody";
  }

  async #apiKey(): Promise<string> {
    return (this.#key ||= (await this.session("key")).api_key);
  }

  /** Submits, and returns the id of what was accepted. */
  async send(user: string, title: string, fields: object = {}): Promise<string> {
    const message = `About ${title}`;
    const { status, body } = await this.post("/notifications", { to: user, title, message, ...fields });
    if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
    return body.id as string;
  }
}
