/** Toasts as they are drawn: by priority, with their ways back; what puts them there is `arrivals.ts`. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { safeLink } from "../core/links";
import type { Notification as Item } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { useClientState } from "../react/hooks";
import { useActions } from "./actions";
import { useArrivals } from "./arrivals";
import { Frame } from "./Frame";
import { Icon } from "./Icon";
import { LiveRegion } from "./LiveRegion";
import { Message, TypeIcon } from "./ItemDetails";
import { percent } from "./time";
import { KEY, useGivingWay, useWayInAndOut } from "./toastFocus";
import { STAY, toastsOf, type Toast } from "./toasts";
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
