/** Toasts by priority, undo, the tone and the desktop notification: what happens when something arrives. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { safeLink } from "../core/links";
import type { Announcement } from "../core/types";
import type { Notification as Item } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { useClientEvent } from "../react/hooks";
import { useActions } from "./actions";
import { Icon } from "./Icon";
import { LiveRegion } from "./LiveRegion";
import { Markdown, plainText } from "./Markdown";
import { isOn, playTone } from "./switches";
import { percent } from "./time";
import { STAY, toastsOf, type Toast } from "./toasts";
import { NotifyUi, rootProps, split, useUi, type UiOptions } from "./ui";

export interface ToasterProps extends UiOptions {
  /** Where on the page; default at the end of the lines, at the bottom. */
  position?: "bottom-end" | "bottom-start" | "top-end" | "top-start";
  /** How many are shown at a time; default 4, beside those that stay until they are closed. */
  max?: number;
  /** The least important that still gets a toast; default all. */
  minPriority?: Item["priority"];
  /** How long toasts stay, in ms by priority; null: until closed. */
  stay?: Partial<Record<Item["priority"], number | null>>;
}

const RANK = Object.keys(STAY);

export function Toaster(props: ToasterProps) {
  const [ui, own] = split(props);
  return (
    <NotifyUi {...ui}>
      <Shown {...own} />
      <LiveRegion />
    </NotifyUi>
  );
}

function Shown({
  position = "bottom-end",
  max = 4,
  minPriority = "low",
  stay = {},
}: Omit<ToasterProps, keyof UiOptions>) {
  const ui = useUi();
  const toasts = toastsOf(useNotifyClient());
  toasts.max = max;
  useEffect(toasts.draw, [toasts]);
  useArrivals(minPriority, { ...STAY, ...stay });
  const [isHeld, setHeld] = useState(false);
  const list = useSyncExternalStore(
    toasts.watch,
    () => toasts.list,
    () => toasts.list,
  );
  return (
    <section
      {...rootProps(ui, "nt-toasts")}
      data-position={position}
      aria-label={ui.l.title}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      onKeyDown={(event) => {
        const last = list.at(-1);
        if (event.key === "Escape" && last) toasts.end(last, "close");
      }}
    >
      {list.map((toast) => (
        <ToastView key={toast.key} toast={toast} isHeld={isHeld} onEnd={(how) => toasts.end(toast, how)} />
      ))}
    </section>
  );
}

function ToastView({
  toast,
  isHeld,
  onEnd,
}: {
  toast: Toast;
  isHeld: boolean;
  onEnd: (how: "undo" | "close") => void;
}) {
  const { l } = useUi();
  const actions = useActions();
  const end = useRef(onEnd);
  useEffect(() => {
    end.current = onEnd;
  });
  useEffect(() => {
    if (toast.ms === null || isHeld) return;
    const timer = setTimeout(() => end.current("close"), toast.ms);
    return () => clearTimeout(timer);
  }, [toast, isHeld]);
  const item = toast.notification;
  const done = item ? percent(item.data) : null;
  return (
    <div className="nt-toast" data-type={item?.type} data-priority={item?.priority}>
      {item && (
        <span className="nt-tile">
          <Icon name={item.type} />
        </span>
      )}
      <div className="nt-body">
        {item?.priority === "critical" || item?.priority === "urgent" ? (
          <span className="nt-chip" data-priority={item.priority}>
            <Icon name={item.priority === "critical" ? "alert" : "urgent"} />
            {l.priorities[item.priority]}
          </span>
        ) : null}
        <strong dir="auto">{toast.text}</strong>
        {item?.message && (
          <p dir="auto">
            <Markdown text={item.message} />
          </p>
        )}
        {done !== null && <progress max={100} value={done} aria-label={`${l.progress}: ${toast.text}`} />}
        {item && safeLink(item.action_url) && (
          <button
            type="button"
            className="nt-button"
            onClick={() => {
              actions.open(item, null);
              onEnd("close");
            }}
          >
            {item.action_label || l.open}
          </button>
        )}
      </div>
      {toast.undo && (
        <button type="button" className="nt-button nt-undo" onClick={() => onEnd("undo")}>
          {l.undo}
        </button>
      )}
      <button type="button" className="nt-tool" aria-label={l.close} onClick={() => onEnd("close")}>
        <Icon name="close" />
      </button>
    </div>
  );
}

/** One toast for what is new, one for all that came meanwhile; the client sees to "once in all tabs". */
function useArrivals(minPriority: Item["priority"], stay: Record<Item["priority"], number | null>): void {
  const client = useNotifyClient();
  const toasts = toastsOf(client);
  const { l } = useUi();
  const actions = useActions();
  const away = useRef(0);
  useClientEvent("announce", (announcement) => {
    const { key, notification, kind, isReplayed } = announcement;
    if (kind === "revised" && percent(notification.data) !== null) {
      toasts.revise(notification, notification.title);
      return;
    }
    if (RANK.indexOf(notification.priority) < RANK.indexOf(minPriority)) return;
    const isCritical = notification.priority === "critical";
    if (isReplayed && !isCritical) {
      if (!toasts.list.some((toast) => toast.key === "away")) away.current = 0;
      toasts.show({ key: "away", text: l.away(++away.current), ms: STAY.normal });
    } else toasts.show({ key, text: notification.title, notification, ms: stay[notification.priority] });
    ring(announcement, () => actions.open(notification, null));
  });
}

function ring({ notification, kind }: Announcement, open: () => void): void {
  if (kind === "revised") return;
  if (isOn("sound")) playTone(notification.priority === "critical" || notification.priority === "urgent");
  if (!isOn("desktop") || !document.hidden || Notification.permission !== "granted") return;
  showOnDesktop(notification, open);
}

function showOnDesktop({ id, title, message, priority }: Item, open: () => void): void {
  try {
    const shown = new Notification(title, {
      body: plainText(message),
      tag: id,
      requireInteraction: priority === "critical",
    });
    shown.onclick = () => {
      window.focus();
      shown.close();
      open();
    };
  } catch {
    // Browsers of phones leave this to service workers; the tone and the toast are there.
  }
}
