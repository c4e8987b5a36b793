/** Says what arrives to those who listen: politely, and at once only what is critical. */
import { useEffect, useState, useSyncExternalStore } from "react";
import { useClientEvent } from "../react/hooks";
import { useNotifyClient } from "../react/context";
import { plainText } from "./Markdown";
import { usePace } from "./pace";
import { toastsOf } from "./toasts";
import { useUi } from "./ui";

/** Several components bring one; only the first of a client speaks. */
export function LiveRegion() {
  const toasts = toastsOf(useNotifyClient());
  const { l } = useUi();
  const [speaker] = useState(() => Symbol("speaker"));
  useEffect(() => toasts.speak(speaker), [toasts, speaker]);
  const pace = usePace((more) => toasts.say(l.more(more)));
  useClientEvent("announce", ({ notification, kind, isReplayed }) => {
    const { title, message, priority } = notification;
    const isCritical = priority === "critical";
    if (toasts.speakers[0] !== speaker || kind === "revised" || (isReplayed && !isCritical)) return;
    if (isCritical) toasts.say(`${title}. ${plainText(message)}`, true);
    else if (pace.admits(priority)) toasts.say(l.arrived(title));
  });
  const said = useSyncExternalStore(
    toasts.watch,
    () => toasts.said,
    () => toasts.said,
  );
  const isFirst = useSyncExternalStore(
    toasts.watch,
    () => toasts.speakers[0] === speaker,
    () => false,
  );
  return (
    <>
      <div className="nt-hidden" role="status" aria-live="polite">
        {isFirst ? said.polite : ""}
      </div>
      <div className="nt-hidden" role="alert" aria-live="assertive">
        {isFirst ? said.assertive : ""}
      </div>
    </>
  );
}
