/** What is done with several notifications at once: the bar for those selected, and where to drop them. */
import { useEffect } from "react";
import type { Notification } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { useActions } from "./actions";
import { Icon } from "./Icon";
import { SnoozeMenu } from "./ItemActions";
import type { Selection } from "./selection";
import { snoozeChoices } from "./time";
import { toastsOf } from "./toasts";
import { useUi } from "./ui";

/** @param props.onDone it is about to go, and the focus with it. */
export function BatchBar({ selection, onDone }: { selection: Selection; onDone: () => void }) {
  const { l } = useUi();
  const actions = useActions();
  const { size } = selection;
  const toasts = toastsOf(useNotifyClient());
  useEffect(() => {
    if (size > 0) toasts.say(l.selected(size));
  }, [toasts, l, size]);
  if (size === 0) return null;
  function done(): void {
    selection.clear();
    onDone();
  }
  const tool = (verb: Parameters<typeof actions.do>[0], icon: string, label: string) => (
    <button
      type="button"
      className="nt-tool"
      aria-label={label}
      title={label}
      onClick={() => {
        actions.do(verb, selection.items());
        done();
      }}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <div className="nt-batch" role="toolbar" aria-label={l.selection}>
      <button
        type="button"
        className="nt-tool"
        aria-label={l.clearSelection}
        title={l.clearSelection}
        onClick={done}
      >
        <Icon name="close" />
      </button>
      <span>{l.selected(size)}</span>
      <button type="button" className="nt-link" onClick={selection.all}>
        {l.selectAll}
      </button>
      <span className="nt-batch-tools">
        {tool("read", "allRead", l.markRead)}
        {tool("unread", "unread", l.markUnread)}
        {tool("pin", "pin", l.pin)}
        <SnoozeMenu items={selection.items()} onDone={done} />
        {tool("dismiss", "check", l.dismiss)}
        {tool("delete", "delete", l.delete)}
      </span>
    </div>
  );
}

/** Where dragged ones can be dropped. Keys and buttons do the same. */
export function DropZones({ items, onDrop }: { items: readonly Notification[]; onDrop: () => void }) {
  const { l } = useUi();
  const actions = useActions();
  const hour = () => snoozeChoices(l, Date.now())[0]!.until;
  const zones = [
    ["pin", l.pinned, "", () => actions.do("pin", items)],
    ["check", l.done, "", () => actions.do("dismiss", items)],
    ["snooze", l.snooze, l.inAnHour, () => actions.snooze(items, hour())],
  ] as const;
  return (
    <div className="nt-drops" aria-hidden="true">
      {zones.map(([icon, label, detail, act]) => (
        <div
          key={icon}
          className="nt-drop"
          data-drop={icon}
          onDragOver={(event) => {
            event.preventDefault();
            event.currentTarget.dataset.over = "true";
          }}
          onDragLeave={(event) => delete event.currentTarget.dataset.over}
          onDrop={(event) => {
            event.preventDefault();
            act();
            onDrop();
          }}
        >
          <Icon name={icon} />
          <strong>{label}</strong>
          {detail && <small>{detail}</small>}
        </div>
      ))}
    </div>
  );
}
