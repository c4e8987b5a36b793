/** One notification: who it is from, what it says, and when. */
import { memo, useId, useState, type DragEvent, type MouseEvent } from "react";
import { safeLink, safeMedia } from "../core/links";
import type { Notification } from "../generated/wire";
import { useActions, type Actions } from "./actions";
import { Buttons, Link, Tools } from "./ItemActions";
import { Media, Message, Meta, Progress, TypeIcon } from "./ItemDetails";
import type { Localization } from "./locales/en";
import { ago, moment } from "./time";
import { rootProps, useNow, useUi } from "./ui";

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

/** One by itself, wherever it stands. */
export function NotificationItem(props: NotificationItemProps) {
  return (
    <div {...rootProps(useUi(), "nt-single")}>
      <ListItem {...props} />
    </div>
  );
}

/** One in a list, which has the looks; drawn anew only when it, or what it says, changes. */
export const ListItem = memo(function ListItem(props: NotificationItemProps) {
  const { notification: item, isSelected, onSelect, onDragStart, tabIndex = 0 } = props;
  const { l, renderItem } = useUi();
  const actions = useActions();
  const id = useId();
  const label = [
    ...(isSelected ? [l.isSelected] : []),
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
      aria-describedby={`${id}-type ${id}-text ${id}-time`}
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
      <Lead id={`${id}-type`} item={item} isSelected={isSelected} onSelect={onSelect} />
      <div className="nt-body">
        {renderItem ? renderItem(item) : <Content id={id} item={item} actions={actions} />}
      </div>
      <Tools item={item} actions={actions} />
    </article>
  );
});

function Lead({
  id,
  item,
  isSelected,
  onSelect,
}: Pick<NotificationItemProps, "isSelected" | "onSelect"> & { id: string; item: Notification }) {
  const { l, slots } = useUi();
  return (
    <div className="nt-lead">
      {slots?.avatar ? slots.avatar(item) : <Avatar id={id} item={item} />}
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
function Avatar({ id, item }: { id: string; item: Notification }) {
  const [isBroken, setBroken] = useState(false);
  const picture = safeMedia(item.sender?.avatar_url);
  if (picture === null || isBroken) {
    return <TypeIcon type={item.type} id={id} />;
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
      <TypeIcon type={item.type} id={id} isSmall />
    </span>
  );
}

function Content({ id, item, actions }: { id: string; item: Notification; actions: Actions }) {
  const { l, slots } = useUi();
  return (
    <>
      <div className="nt-head">
        <Title item={item} actions={actions} />
        <Time id={`${id}-time`} item={item} l={l} />
      </div>
      {item.message && <Message key={item.message} text={item.message} id={`${id}-text`} />}
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

function Time({ id, item, l }: { id: string; item: Notification; l: Localization }) {
  const now = useNow();
  if (now === 0) return null;
  return (
    <time id={id} className="nt-time" dateTime={item.sort_at} title={moment(l, item.sort_at)}>
      {ago(l, item.sort_at, now)}
    </time>
  );
}
