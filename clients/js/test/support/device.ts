/** A stock socket.io-client that writes down what it gets, and shows it by the rules of the store. */
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { vi } from "vitest";
import type { ServerPayloads } from "../../src";
import { Store } from "../../src/core/store";
import type { Server } from "./server";

type NotificationFrame = ServerPayloads["notification"];
type Count = ServerPayloads["notification_count"];
type Updated = ServerPayloads["notification_updated"];
type Removed = ServerPayloads["notification_removed"];
type ReplayDone = ServerPayloads["replay_done"];
type Options = Partial<ManagerOptions & SocketOptions>;

export interface Setup {
  options?: Options;
  auth?: Record<string, unknown>;
  /** False: takes frames, but never confirms them. */
  isAcking?: boolean;
  namespace?: string;
}

/** Everything still open, so that a failing test leaves nothing behind. */
const open = new Set<Device>();

export class Device {
  readonly socket: Socket;
  readonly frames: NotificationFrame[] = [];
  readonly counts: Count[] = [];
  readonly updates: Updated[] = [];
  readonly removals: Removed[] = [];
  readonly replays: ReplayDone[] = [];
  /** What a person saw, in order: ids that were news. */
  readonly shown: string[] = [];
  readonly store = new Store();
  /** Up to where everything is held. */
  cursor: string | null = null;
  #isLive = false;

  constructor(url: string, auth: Record<string, unknown>, setup: Setup = {}) {
    this.socket = io(`${url}${setup.namespace ?? "/"}`, {
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      auth: (give) => give({ ack: true, cursor: this.cursor, ...auth, ...setup.auth }),
      ...setup.options,
    });
    this.socket.on("connect", () => (this.#isLive = false));
    this.socket.on("notification", (frame: NotificationFrame, ack?: () => void) => {
      this.#show(frame);
      if (setup.isAcking !== false) ack?.();
    });
    this.socket.on("notification_count", (count: Count) => {
      this.counts.push(count);
      if (this.#isLive) this.cursor = count.cursor;
    });
    this.socket.on("notification_updated", (updated: Updated) => this.updates.push(updated));
    this.socket.on("notification_removed", (removed: Removed) => this.removals.push(removed));
    this.socket.on("replay_done", (done: ReplayDone) => {
      this.replays.push(done);
      this.#isLive = true;
      this.cursor = done.cursor;
    });
    open.add(this);
  }

  /** A device of a user of the demo, connected and caught up. */
  static async of(server: Server, user: string, setup: Setup = {}): Promise<Device> {
    const { token } = await server.session(user);
    const device = new Device(server.url, { token }, setup);
    await device.connect();
    return device;
  }

  get titles(): string[] {
    return this.frames.map((frame) => frame.notification.title);
  }

  /** Connects, and returns when the replay is over. */
  async connect(): Promise<void> {
    const replays = this.replays.length;
    this.socket.connect();
    await until(() => this.replays.length > replays);
  }

  close(): void {
    this.socket.disconnect();
    open.delete(this);
  }

  /** Emits, and returns the answer. */
  async ask(event: string, payload: object): Promise<any> {
    return this.socket.timeout(20_000).emitWithAck(event, payload);
  }

  #show(frame: NotificationFrame): void {
    this.frames.push(frame);
    const verdict = this.store.receive(frame);
    if (verdict === "new" || verdict === "revised") this.shown.push(frame.notification.id);
  }
}

export function closeAll(): void {
  for (const device of [...open]) device.close();
}

/** Waits until it holds; fails with the condition's own text. */
export async function until(condition: () => boolean | Promise<boolean>, timeout = 30_000): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`never held: ${condition.toString()}`);
    },
    { timeout, interval: 20 },
  );
}
