/** What happens when something arrives: a toast, or one for many; the tone; the desktop. */
import { useRef } from "react";
import type { Notification as Item } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { useClientEvent } from "../react/hooks";
import { useActions } from "./actions";
import { plainText } from "./Markdown";
import { usePace, type Pace } from "./pace";
import { isOn, playTone } from "./switches";
import { percent } from "./time";
import { STAY, toastsOf, type Toasts } from "./toasts";
import { useUi } from "./ui";

const RANK = Object.keys(STAY);

/**
 * A toast for each that is new, while there is time to read it; the number of the others, and of what
 * was missed.
 */
export function useArrivals(
  minPriority: Item["priority"],
  stay: Record<Item["priority"], number | null>,
): void {
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
