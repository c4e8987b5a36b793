/** Toasts by priority, undo, the tone and the desktop notification: what happens when something arrives. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { safeLink } from "../core/links";
import type { Notification as Item } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { useClientEvent, useClientState } from "../react/hooks";
import { useActions } from "./actions";
import { Frame } from "./Frame";
import { Icon } from "./Icon";
import { LiveRegion } from "./LiveRegion";
import { Message, TypeIcon } from "./ItemDetails";
import { plainText } from "./Markdown";
import { usePace, type Pace } from "./pace";
import { isOn, playTone } from "./switches";
import { percent } from "./time";
import { KEY, useGivingWay, useWayInAndOut } from "./toastFocus";
import { STAY, toastsOf, type Toast, type Toasts } from "./toasts";
import { rootProps, split, useUi, type UiOptions } from "./ui";

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
    <Frame {...ui}>
      <Shown {...own} />
      <LiveRegion />
    </Frame>
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
  toasts.hint = ui.l.toUndo;
  useEffect(toasts.draw, [toasts]);
  const isLoaded = useClientState("isLoaded");
  useEffect(() => {
    if (!isLoaded) toasts.clear();
  }, [toasts, isLoaded]);
  useArrivals(minPriority, { ...STAY, ...stay });
  const section = useRef<HTMLElement>(null);
  const [isHeld, setHeld] = useState(false);
  const list = useSyncExternalStore(
    toasts.watch,
    () => toasts.list,
    () => toasts.list,
  );
  const focus = useWayInAndOut(section, list, setHeld);
  return (
    <section
      {...rootProps(ui, "nt-toasts")}
      ref={section}
      data-position={useGivingWay(section, list, position)}
      aria-label={`${ui.l.title} (${KEY})`}
      aria-keyshortcuts={KEY}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      {...focus}
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
    <div
      role="group"
      aria-label={toast.text}
      className="nt-toast"
      data-type={item?.type}
      data-priority={item?.priority}
    >
      {item && <TypeIcon type={item.type} />}
      <div className="nt-body">
        {item?.priority === "critical" || item?.priority === "urgent" ? (
          <span className="nt-chip" data-priority={item.priority}>
            <Icon name={item.priority === "critical" ? "alert" : "urgent"} />
            {l.priorities[item.priority]}
          </span>
        ) : null}
        <strong dir="auto">{toast.text}</strong>
        {item?.message && <Message key={item.message} text={item.message} />}
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

/** A toast for each that is new, while there is time to read it; the number of the others, and of what was missed. */
function useArrivals(minPriority: Item["priority"], stay: Record<Item["priority"], number | null>): void {
  const toasts = toastsOf(useNotifyClient());
  const { l } = useUi();
  const actions = useActions();
  const more = useSum("more", l.more);
  const away = useSum("away", l.away, (title) => ring(toasts, { title, tag: "away" }));
  useClientEvent("announce", ({ key, notification, kind, isReplayed }) => {
    const { priority, title } = notification;
    if (kind === "revised" && percent(notification.data) !== null) return toasts.revise(notification, title);
    if (RANK.indexOf(priority) < RANK.indexOf(minPriority)) return;
    if (isReplayed && priority !== "critical") return away.add();
    if (!isCertain(notification) && !toasts.has(key) && !more.admits(priority)) return;
    toasts.show({ key, text: title, notification, ms: stay[priority] });
    if (kind !== "revised") ring(toasts, told(notification), () => actions.open(notification, null));
  });
}

/** Shown however many there are: what must be confirmed, and what is nowhere else. */
function isCertain({ priority, persist }: Item): boolean {
  return priority === "critical" || persist === false;
}

/**
 * One toast that tells a number; once it is gone, counting starts anew.
 *
 * @param onFirst called when it appears.
 */
function useSum(key: string, words: (n: number) => string, onFirst?: (text: string) => void): Pace {
  const toasts = toastsOf(useNotifyClient());
  const sum = useRef(0);
  return usePace((more) => {
    const isFirst = !toasts.has(key);
    sum.current = isFirst ? more : sum.current + more;
    const text = words(sum.current);
    toasts.show({ key, text, ms: STAY.normal });
    if (isFirst) onFirst?.(text);
  });
}

/** What the tone and the desktop are given. */
interface Told {
  title: string;
  body?: string;
  /** On the desktop the same tag is shown once. */
  tag: string;
  isUrgent?: boolean;
  mustStay?: boolean;
}

function told({ id, title, message, priority }: Item): Told {
  const mustStay = priority === "critical";
  return { title, body: plainText(message), tag: id, isUrgent: mustStay || priority === "urgent", mustStay };
}

function ring(toasts: Toasts, what: Told, open?: () => void): void {
  if (isOn("sound")) playTone(what.isUrgent ?? false);
  if (!isOn("desktop") || !document.hidden || Notification.permission !== "granted") return;
  showOnDesktop(toasts, what, open);
}

function showOnDesktop(toasts: Toasts, { title, body, tag, mustStay }: Told, open?: () => void): void {
  try {
    const shown = new Notification(title, { body, tag, requireInteraction: mustStay });
    shown.onclose = toasts.onDesktop(shown);
    shown.onclick = () => {
      window.focus();
      shown.close();
      open?.();
    };
  } catch {
    // Browsers of phones leave this to service workers; the tone and the toast are there.
  }
}
