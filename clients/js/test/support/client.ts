/** The package's client as a browser would run it: IndexedDB and all, in Node. */
import "fake-indexeddb/auto";
import { createNotifyClient, type Announcement, type ClientOptions, type NotifyClient } from "../../src";
import { until } from "./device";
import type { Server } from "./server";

const open = new Set<Person>();

/** A client and what it told. */
export class Person {
  readonly client: NotifyClient;
  readonly announced: Announcement[] = [];
  readonly refused: { verb: string; ids: readonly string[]; code: string }[] = [];
  readonly faults: string[] = [];
  readonly states: string[] = [];
  /** Every count that was ever shown. */
  readonly counts: number[] = [];

  constructor(server: Server, user: string, options: Partial<ClientOptions> = {}) {
    this.client = createNotifyClient({
      user,
      url: server.url,
      getToken: async () => (await server.session(user)).token,
      reconnectDelayMax: 400,
      ...options,
    });
    this.client.on("announce", (announcement) => this.announced.push(announcement));
    this.client.on("refused", (refused) => this.refused.push(refused));
    this.client.on("fault", (message) => this.faults.push(message));
    this.client.subscribe(() => {
      const { connection, counts } = this.client.getState();
      if (this.states.at(-1) !== connection.status) this.states.push(connection.status);
      if (this.counts.at(-1) !== counts.unread) this.counts.push(counts.unread);
    });
    open.add(this);
  }

  /** Started, connected, and caught up with the server. */
  static async of(server: Server, user: string, options: Partial<ClientOptions> = {}): Promise<Person> {
    const person = new Person(server, user, options);
    await person.start();
    return person;
  }

  async start(): Promise<void> {
    await this.client.start();
    await this.current();
  }

  async current(): Promise<void> {
    await until(() => this.client.getState().isCurrent);
    await until(() => !this.client.getList().isLoading && this.client.getList().isLoaded);
  }

  get titles(): string[] {
    return this.client.getList().notifications.map((item) => item.title);
  }

  get unread(): number {
    return this.client.getState().counts.unread;
  }

  async close(): Promise<void> {
    open.delete(this);
    await this.client.stop();
  }
}

export async function closeEverybody(): Promise<void> {
  for (const person of [...open]) await person.close();
}
