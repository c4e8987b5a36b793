/** What a person does with notifications, each with its way back. */
import { useMemo } from "react";
import type { NotifyClient } from "../core/client";
import { safeLink } from "../core/links";
import type { Outcome } from "../core/types";
import type { Notification } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { toastsOf, type Toasts } from "./toasts";
import { useUi, type Ui } from "./ui";

type Items = readonly Notification[];
export type BatchVerb = "read" | "unread" | "pin" | "unpin" | "dismiss" | "restore" | "delete";

const idsOf = (items: Items) => items.map(({ id }) => id);

export class Actions {
  readonly #client: NotifyClient;
  readonly #toasts: Toasts;
  readonly #ui: Ui;

  constructor(client: NotifyClient, ui: Ui) {
    this.#client = client;
    this.#toasts = toastsOf(client);
    this.#ui = ui;
  }

  do(verb: BatchVerb, items: Items): void {
    if (items.length === 0) return;
    const { l } = this.#ui;
    const client = this.#client;
    const ids = idsOf(items);
    const n = items.length;
    const ways: Record<BatchVerb, () => void> = {
      read: () => this.#tell(client.markAsRead(ids)),
      unread: () => this.#tell(client.markAsUnread(ids)),
      pin: () => this.#tell(client.pin(ids), l.didPin(n), () => client.unpin(ids)),
      unpin: () => this.#tell(client.unpin(ids)),
      dismiss: () => this.#tell(client.dismiss(ids), l.didDismiss(n), () => client.restore(ids)),
      restore: () => this.#tell(client.restore(ids)),
      delete: () => this.#delete(items),
    };
    ways[verb]();
  }

  snooze(items: Items, until: string): void {
    if (items.length > 0)
      this.#tell(this.#client.snooze(idsOf(items), { until }), this.#ui.l.didSnooze(items.length));
  }

  acknowledge(item: Notification): void {
    this.#tell(this.#client.acknowledge(item.id));
  }

  readAll(unread: Items): void {
    const ids = idsOf(unread);
    this.#tell(this.#client.markAllAsRead(), this.#ui.l.didRead(ids.length), () =>
      this.#client.markAsUnread(ids),
    );
  }

  /**
   * Somebody opened it: told to the server and to the application, and followed if that is safe.
   *
   * @param action one of its `actions`, or null for the notification itself.
   * @param event a click on a link: the browser follows it unless the application prevents that.
   */
  open(item: Notification, action: Notification["actions"][number] | null, event?: Prevented): void {
    const href = safeLink(action ? action.url : item.action_url);
    let isPrevented = false;
    const preventDefault = () => {
      isPrevented = true;
      event?.preventDefault();
    };
    void this.#client.clicked(item.id, action?.id);
    this.#ui.onNotificationClick?.({ notification: item, href, action: action?.id ?? null, preventDefault });
    if (event === undefined && href !== null && !isPrevented) follow(href);
  }

  /** Away at once, and back with undo; gone for good when the undo is over, or the page is left. */
  #delete(items: Items): void {
    const client = this.#client;
    const ids = idsOf(items);
    const shown = idsOf(items.filter((item) => !item.is_dismissed));
    const finish = () => {
      removeEventListener("pagehide", finish);
      void client.remove(ids);
    };
    const undo = () => {
      removeEventListener("pagehide", finish);
      void client.restore(shown);
    };
    addEventListener("pagehide", finish);
    if (shown.length > 0) void client.dismiss(shown);
    this.#toasts.undoable(this.#ui.l.didDelete(ids.length), undo, finish);
  }

  #tell(outcome: Promise<Outcome>, did?: string, undo?: () => void): void {
    if (did && undo) this.#toasts.undoable(did, undo);
    else if (did) this.#toasts.notice(did);
    void outcome.then((told) => {
      if (!told.ok) this.#toasts.notice(`${this.#ui.l.refused}: ${told.message}`);
    });
  }
}

interface Prevented {
  preventDefault(): void;
}

function follow(href: string): void {
  const { origin, protocol } = new URL(href);
  if (origin === location.origin || protocol === "mailto:") location.assign(href);
  else window.open(href, "_blank", "noopener,noreferrer");
}

export function useActions(): Actions {
  const client = useNotifyClient();
  const ui = useUi();
  return useMemo(() => new Actions(client, ui), [client, ui]);
}
