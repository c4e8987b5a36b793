/** The demo page: joins session, connection, store and view. */
import { fetchSession, submit } from "./api";
import { Connection, Refused } from "./connection";
import { deviceId, Memory } from "./memory";
import {
  announced,
  caughtUp,
  connected,
  counted,
  EFFECTS,
  isMissing,
  listed,
  receive,
  remove,
  update,
  visible,
  type State,
  type Verb,
} from "./store";
import type { NotificationFrame, Notification, Page, Session, Updated } from "./types";
import { Composer } from "./view/composer";
import { h } from "./view/dom";
import { Header } from "./view/header";
import { Inbox } from "./view/inbox";
import { Toasts } from "./view/toasts";
import { WireLog } from "./view/wirelog";

const SAVE_AFTER_MS = 25;
const REDRAW_EVERY_MS = 20_000;
const LIST_LIMIT = 100;

class Demo {
  readonly #memory: Memory;
  readonly #connection: Connection;
  readonly #header: Header;
  readonly #inbox: Inbox;
  readonly #toasts = new Toasts();
  readonly #log = new WireLog();
  #state: State;
  /** Acknowledgements that wait until what they acknowledge is kept. */
  #acks: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Where the list goes on, or null. */
  #older: string | null = null;
  /** Whether the list must be fetched once the replay is over. */
  #needsList: boolean;

  constructor(session: Session, roles: string) {
    this.#memory = new Memory(session.user, `${location.pathname} ${session.api_key.split("_")[1]}`);
    this.#state = this.#memory.load();
    this.#needsList = this.#state.cursor === null;
    this.#header = new Header(session.user, roles, {
      bell: () => this.#openBell(),
      offline: (isOffline) => (isOffline ? this.#connection.close() : this.#connection.open()),
      connect: () => this.#connection.open(),
    });
    this.#inbox = new Inbox({
      act: (verb, id, forS) => void this.#act(verb, [id], forS),
      readAll: () => void this.#readAll(),
      older: () => void this.#fetchOlder(),
    });
    this.#connection = new Connection(session, {
      url: location.origin,
      deviceId: deviceId(),
      cursor: () => this.#state.cursor,
      renewSession: () => fetchSession(session.user, roles),
      onStatus: (status, why) => this.#header.showStatus(status, why),
      onWire: (direction, event, payload) => this.#log.add(direction, event, payload),
    });
    const composer = new Composer(session.user, (submission) => submit(this.#connection.session, submission));
    const side = h("div", { class: "side" }, composer.root, this.#log.root);
    document.body.replaceChildren(
      this.#header.root,
      h("main", {}, this.#inbox.root, side),
      this.#toasts.root,
    );
  }

  start(): void {
    this.#listen();
    this.#connection.open();
    this.#set(this.#state);
    setInterval(() => this.#draw(), REDRAW_EVERY_MS);
    addEventListener("pagehide", () => this.#save());
  }

  #listen(): void {
    const { socket } = this.#connection;
    socket.on("connect", () => this.#set(connected(this.#state)));
    socket.on("notification", (frame, ack) => this.#received(frame, ack));
    socket.on("notification_count", (count) => this.#set(counted(this.#state, count)));
    socket.on("notification_updated", (updated) => this.#updated(updated));
    socket.on("notification_removed", (removed) => this.#set(remove(this.#state, removed)));
    socket.on("replay_done", ({ recovered, cursor }) => {
      this.#set(caughtUp(this.#state, cursor));
      if (!recovered || this.#needsList) void this.#fetchList();
    });
  }

  /** Keeps the notification, tells the person if it is news, and acknowledges once it is kept. */
  #received(frame: NotificationFrame, ack: (() => void) | undefined): void {
    const { notification } = frame;
    if (notification.persist === false) {
      this.#toasts.show(notification.collapse_key ?? notification.id, notification);
    } else {
      const [state, verdict] = receive(this.#state, frame);
      const isNews = verdict === "new" || verdict === "revised";
      this.#set(isNews ? announced(state, notification.id) : state);
      const isQuiet = notification.type === "progress_update" && verdict === "revised";
      if (isQuiet) this.#toasts.revise(notification.id, notification);
      else if (verdict !== "duplicate") this.#announce(frame);
    }
    if (ack !== undefined) this.#acks.push(ack);
  }

  #announce({ notification, replayed }: NotificationFrame): void {
    if (!replayed) {
      this.#toasts.show(notification.id, notification);
      return;
    }
    const away = visible(this.#state).filter((held) => held.replayed && !held.item.is_read).length;
    const title = away === 1 ? "One notification" : `${away} notifications`;
    this.#toasts.show("away", {
      title,
      message: "came while you were away.",
      type: "info",
      priority: "normal",
    });
  }

  #updated(updated: Updated): void {
    this.#set(update(this.#state, updated));
    if (isMissing(this.#state, updated)) void this.#fetchList();
  }

  /** Carries an action out: first on the server, then here. */
  async #act(verb: Verb, ids: string[], forS?: number): Promise<void> {
    const payload = ids.length === 1 ? { notification_id: ids[0] } : { ids };
    await this.#try(async () => {
      await this.#connection.ask(verb, forS === undefined ? payload : { ...payload, for_s: forS });
      const now = new Date().toISOString();
      this.#set(
        verb === "delete"
          ? remove(this.#state, { ids })
          : update(this.#state, { ids, changes: EFFECTS[verb](now, forS) }),
      );
    });
  }

  async #readAll(): Promise<void> {
    await this.#try(async () => {
      await this.#connection.ask("mark_all_read", {});
      const changes = EFFECTS.mark_read(new Date().toISOString());
      this.#set(update(this.#state, { all: true, changes }));
    });
  }

  /** Opening the bell is seeing what is there. */
  #openBell(): void {
    this.#inbox.focus();
    const unseen = visible(this.#state).filter(({ item }) => item.seen_at === null);
    if (unseen.length > 0)
      void this.#act(
        "mark_seen",
        unseen.map(({ item }) => item.id),
      );
  }

  async #fetchList(): Promise<void> {
    await this.#try(async () => {
      const asked = this.#state.items;
      const page = await this.#connection.ask<Page>("get_notifications", { limit: LIST_LIMIT });
      const pinned = await this.#connection.ask<Page>("get_notifications", {
        limit: LIST_LIMIT,
        pinned: true,
      });
      this.#needsList = false;
      const items = new Map<string, Notification>();
      for (const item of [...pinned.items, ...page.items]) items.set(item.id, item);
      const isAll = !page.page_info.has_more;
      this.#set(listed(this.#state, [...items.values()], asked, isAll));
      this.#showOlder(page);
    });
  }

  async #fetchOlder(): Promise<void> {
    await this.#try(async () => {
      const page = await this.#connection.ask<Page>("get_notifications", {
        limit: LIST_LIMIT,
        before: this.#older,
      });
      this.#set(listed(this.#state, page.items, new Map(), false));
      this.#showOlder(page);
    });
  }

  #showOlder({ page_info }: Page): void {
    this.#older = page_info.has_more ? page_info.before : null;
    this.#inbox.showOlder(this.#older !== null);
  }

  /** What the server refuses is told; anything else is a fault of this page. */
  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#toasts.show("refused", {
        title: error.code,
        message: error.message,
        type: "error",
        priority: "normal",
      });
    }
  }

  #set(state: State): void {
    this.#state = state;
    this.#timer ??= setTimeout(() => this.#flush(), document.hidden ? 0 : SAVE_AFTER_MS);
  }

  /** Keeps and draws the state, then acknowledges what came until now. */
  #flush(): void {
    this.#timer = undefined;
    this.#save();
    this.#draw();
    for (const ack of this.#acks.splice(0)) ack();
  }

  #save(): void {
    try {
      this.#memory.save(this.#state);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // Full or switched off: the page still holds everything until it is closed.
      this.#log.add("out", "storage (failed)", { message: error.message });
    }
  }

  #draw(): void {
    this.#inbox.update(this.#state, Date.now());
    this.#header.showCount(this.#state.count);
  }
}

async function main(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const user = query.get("user") || "demo";
  const roles = query.get("roles") ?? "";
  try {
    new Demo(await fetchSession(user, roles), roles).start();
  } catch (error) {
    const message = h(
      "p",
      { class: "fatal", role: "alert" },
      `The server gave no session: ${(error as Error).message}`,
    );
    document.body.replaceChildren(message);
  }
}

void main();
