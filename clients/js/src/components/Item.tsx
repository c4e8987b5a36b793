/** One notification: what it says, and everything that can be done with it. */
import { memo, useId, useState, type DragEvent, type MouseEvent, type ReactNode } from "react";
import { safeLink, safeMedia } from "../core/links";
import type { Notification } from "../generated/wire";
import { useActions, type Actions } from "./actions";
import { Icon } from "./Icon";
import type { Localization } from "./locales/en";
import { Markdown } from "./Markdown";
import { Menu } from "./Menu";
import { ago, moment, percent, snoozeChoices } from "./time";
import { useNow, useUi } from "./ui";

export interface NotificationItemProps {
  notification: Notification;
  /** Whether a checkbox is offered, and what it says. */
  isSelected?: boolean;
  onSelect?: (item: Notification, isRange: boolean) => void;
  onDragStart?: (event: DragEvent, item: Notification) => void;
  onDragEnd?: () => void;
  /** 0: the Tab key stops here; -1: only the arrow keys of the list do. */
  tabIndex?: number;
}

/** Drawn anew only when it, or what it says, changes. */
export const NotificationItem = memo(function NotificationItem(props: NotificationItemProps) {
  const { notification: item, isSelected, onSelect, onDragStart, tabIndex = 0 } = props;
  const { l, renderItem } = useUi();
  const actions = useActions();
  const label = [
    ...(item.is_read ? [] : [l.isUnread]),
    ...(item.pinned_at ? [l.isPinned] : []),
    ...(item.priority === "normal" ? [] : [l.priorities[item.priority]]),
    item.title,
  ];
  function clicked(event: MouseEvent): void {
    if ((event.target as Element).closest("a, button, input, label, video, [popover]")) return;
    if (onSelect && (event.shiftKey || event.ctrlKey || event.metaKey)) onSelect(item, event.shiftKey);
    else if (!getSelection()?.toString()) actions.open(item, null);
  }
  return (
    <article
      className="nt-item"
      tabIndex={tabIndex}
      aria-label={label.join(", ")}
      data-id={item.id}
      data-type={item.type}
      data-priority={item.priority}
      data-read={item.is_read}
      data-pinned={item.pinned_at !== null}
      data-selected={isSelected || undefined}
      data-revision={item.revision}
      draggable={onDragStart !== undefined}
      onDragStart={(event) => onDragStart?.(event, item)}
      onDragEnd={props.onDragEnd}
      onClick={clicked}
    >
      <Lead item={item} isSelected={isSelected} onSelect={onSelect} />
      <div className="nt-body">
        {renderItem ? renderItem(item) : <Content item={item} actions={actions} />}
      </div>
      <Tools item={item} actions={actions} />
    </article>
  );
});

function Lead({
  item,
  isSelected,
  onSelect,
}: Pick<NotificationItemProps, "isSelected" | "onSelect"> & { item: Notification }) {
  const { l, slots } = useUi();
  return (
    <div className="nt-lead">
      {slots?.avatar ? slots.avatar(item) : <Avatar item={item} />}
      {!item.is_read && <span className="nt-dot" aria-hidden="true" />}
      {onSelect && (
        <label className="nt-check">
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected ?? false}
            aria-label={l.select(item.title)}
            onChange={(event) => onSelect(item, (event.nativeEvent as unknown as MouseEvent).shiftKey)}
          />
        </label>
      )}
    </div>
  );
}

/** The sender's picture with the type beside it; the type alone where there is no picture. */
function Avatar({ item }: { item: Notification }) {
  const [isBroken, setBroken] = useState(false);
  const picture = safeMedia(item.sender?.avatar_url);
  if (picture === null || isBroken) {
    return (
      <span className="nt-tile">
        <Icon name={item.type} />
      </span>
    );
  }
  return (
    <span className="nt-avatar">
      <img
        src={picture}
        alt=""
        loading="lazy"
        referrerPolicy="no-referrer"
        draggable={false}
        onError={() => setBroken(true)}
      />
      <span className="nt-tile nt-small">
        <Icon name={item.type} />
      </span>
    </span>
  );
}

function Content({ item, actions }: { item: Notification; actions: Actions }) {
  const { l, slots } = useUi();
  return (
    <>
      <div className="nt-head">
        <Title item={item} actions={actions} />
        <Time item={item} l={l} />
      </div>
      {item.message && (
        <p className="nt-message" dir="auto">
          <Markdown text={item.message} />
        </p>
      )}
      <Media item={item} />
      <Progress item={item} l={l} />
      <Meta item={item} l={l} />
      <Buttons item={item} actions={actions} />
      {slots?.itemFooter?.(item)}
    </>
  );
}

function Title({ item, actions }: { item: Notification; actions: Actions }) {
  const href = safeLink(item.action_url);
  return (
    <h4 className="nt-title" dir="auto">
      {href === null ? (
        item.title
      ) : (
        <Link href={href} text={item.title} onClick={(event) => actions.open(item, null, event)} />
      )}
    </h4>
  );
}

/** Elsewhere opens in a tab of its own, and learns nothing of this page. */
function Link({
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

function Time({ item, l }: { item: Notification; l: Localization }) {
  const now = useNow();
  if (now === 0) return null;
  return (
    <time className="nt-time" dateTime={item.sort_at} title={moment(l, item.sort_at)}>
      {ago(l, item.sort_at, now)}
    </time>
  );
}

function Media({ item }: { item: Notification }) {
  const { l } = useUi();
  const [isBroken, setBroken] = useState(false);
  const url = safeMedia(item.media?.image_url);
  if (url === null || isBroken) return null;
  if (/\.(mp4|webm|ogv)$/i.test(new URL(url).pathname)) {
    return <video className="nt-media" src={url} controls preload="metadata" aria-label={l.picture} />;
  }
  return (
    <img
      className="nt-media"
      src={url}
      alt={l.picture}
      loading="lazy"
      referrerPolicy="no-referrer"
      draggable={false}
      onError={() => setBroken(true)}
    />
  );
}

function Progress({ item, l }: { item: Notification; l: Localization }) {
  const done = percent(item.data);
  if (done === null) return null;
  const words = new Intl.NumberFormat(l.locale, { style: "percent", maximumFractionDigits: 0 }).format(
    done / 100,
  );
  return (
    <div className="nt-progress" data-full={done >= 100 || undefined}>
      <progress max={100} value={done} aria-label={`${l.progress}: ${item.title}`} />
      <span aria-hidden="true">{words}</span>
    </div>
  );
}

/** Where it comes from and how much it matters: always in words, never by colour alone. */
function Meta({ item, l }: { item: Notification; l: Localization }) {
  const parts: ReactNode[] = [];
  if (item.priority !== "normal") {
    const icon = item.priority === "critical" ? "alert" : item.priority;
    parts.push(
      <span key="priority" className="nt-chip" data-priority={item.priority}>
        <Icon name={icon} />
        {l.priorities[item.priority]}
      </span>,
    );
  }
  if (item.snoozed_until && item.snoozed_until > item.sort_at)
    parts.push(<span key="snoozed">{l.until(moment(l, item.snoozed_until))}</span>);
  if (item.acknowledged_at)
    parts.push(
      <span key="acknowledged" className="nt-chip nt-good">
        <Icon name="check" />
        {l.acknowledged}
      </span>,
    );
  if (item.is_grouped && item.group_count > 1)
    parts.push(<span key="group">{l.group(item.group_count)}</span>);
  if (item.sender?.name) parts.push(<Words key="sender" text={item.sender.name} />);
  if (item.source) parts.push(<Words key="source" text={item.source.replaceAll("_", " ")} />);
  for (const tag of item.tags ?? []) parts.push(<Words key={`tag ${tag}`} text={`#${tag}`} />);
  return parts.length > 0 ? <div className="nt-meta">{parts}</div> : null;
}

/** Words of their own direction, in a line that has the page's. */
function Words({ text }: { text: string }) {
  return (
    <span>
      <bdi>{text}</bdi>
    </span>
  );
}

function Buttons({ item, actions }: { item: Notification; actions: Actions }) {
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

function Tools({ item, actions }: { item: Notification; actions: Actions }) {
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
export function SnoozeMenu({ items }: { items: readonly Notification[] }) {
  const { l } = useUi();
  const actions = useActions();
  const choices = () =>
    snoozeChoices(l, Date.now()).map(({ label, until }) => ({
      label,
      act: () => actions.snooze(items, until),
    }));
  return (
    <Menu label={l.snooze} className="nt-snooze" choices={choices}>
      <Icon name="snooze" />
    </Menu>
  );
}
