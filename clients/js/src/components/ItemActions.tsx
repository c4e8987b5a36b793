/** What can be done with a notification: its own links and buttons, and the tools that all have. */
import { useId, type MouseEvent, type ReactNode } from "react";
import { safeLink } from "../core/links";
import type { Notification } from "../generated/wire";
import { useActions, type Actions } from "./actions";
import { Icon } from "./Icon";
import { Menu } from "./Menu";
import { snoozeChoices } from "./time";
import { useUi } from "./ui";

/** Elsewhere opens in a tab of its own, and learns nothing of this page. */
export function Link({
  href,
  text,
  className,
  onClick,
}: {
  href: string;
  text: ReactNode;
  className?: string;
  onClick: (event: MouseEvent) => void;
}) {
  const isHere = typeof location !== "undefined" && href.startsWith(`${location.origin}/`);
  return (
    <a
      href={href}
      className={className}
      target={isHere ? undefined : "_blank"}
      rel="noopener noreferrer"
      draggable={false}
      onClick={onClick}
    >
      {text}
    </a>
  );
}

export function Buttons({ item, actions }: { item: Notification; actions: Actions }) {
  const { l } = useUi();
  const mustConfirm = item.requires_acknowledgment && item.acknowledged_at === null;
  const href = safeLink(item.action_url);
  const own = item.actions ?? [];
  if (!mustConfirm && own.length === 0 && !(href && item.action_label)) return null;
  return (
    <div className="nt-buttons">
      {mustConfirm && (
        <button type="button" className="nt-button nt-primary" onClick={() => actions.acknowledge(item)}>
          {l.acknowledge}
        </button>
      )}
      {href && item.action_label && (
        <Link
          href={href}
          text={item.action_label}
          className="nt-button"
          onClick={(event) => actions.open(item, null, event)}
        />
      )}
      {own.map((action) => (
        <OwnAction key={action.id} item={item} action={action} actions={actions} />
      ))}
    </div>
  );
}

function OwnAction({
  item,
  action,
  actions,
}: {
  item: Notification;
  action: Notification["actions"][number];
  actions: Actions;
}) {
  const href = safeLink(action.url);
  if (href !== null)
    return (
      <Link
        href={href}
        text={action.label}
        className="nt-button"
        onClick={(event) => actions.open(item, action, event)}
      />
    );
  if (action.url) return null;
  return (
    <button type="button" className="nt-button" onClick={() => actions.open(item, action)}>
      {action.label}
    </button>
  );
}

export function Tools({ item, actions }: { item: Notification; actions: Actions }) {
  const { l } = useUi();
  const id = useId();
  const tool = (verb: Parameters<Actions["do"]>[0], icon: string, label: string) => (
    <button
      type="button"
      className="nt-tool"
      data-act={verb}
      aria-label={label}
      title={label}
      onClick={() => actions.do(verb, [item])}
    >
      <Icon name={icon} />
    </button>
  );
  return (
    <div className="nt-tools" role="group" aria-label={item.title} id={id}>
      {item.is_read ? tool("unread", "unread", l.markUnread) : tool("read", "allRead", l.markRead)}
      {item.pinned_at ? tool("unpin", "pin", l.unpin) : tool("pin", "pin", l.pin)}
      {!item.is_dismissed && <SnoozeMenu items={[item]} />}
      {item.is_dismissed ? tool("restore", "restore", l.restore) : tool("dismiss", "check", l.dismiss)}
      {tool("delete", "delete", l.delete)}
    </div>
  );
}

/** When it shall come back. */
export function SnoozeMenu({ items, onDone }: { items: readonly Notification[]; onDone?: () => void }) {
  const { l } = useUi();
  const actions = useActions();
  const choices = () =>
    snoozeChoices(l, Date.now()).map(({ label, until }) => ({
      label,
      act: () => {
        actions.snooze(items, until);
        onDone?.();
      },
    }));
  return (
    <Menu label={l.snooze} className="nt-snooze" choices={choices}>
      <Icon name="snooze" />
    </Menu>
  );
}
