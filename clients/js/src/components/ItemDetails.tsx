/** What a notification shows beside its words: a picture, how far it is, where it comes from. */
import { useState, type ReactNode } from "react";
import { safeMedia } from "../core/links";
import type { Notification } from "../generated/wire";
import { Icon } from "./Icon";
import type { Localization } from "./locales/en";
import { moment, percent, percentage } from "./time";
import { useUi } from "./ui";

export function Media({ item }: { item: Notification }) {
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

export function Progress({ item, l }: { item: Notification; l: Localization }) {
  const done = percent(item.data);
  if (done === null) return null;
  const words = percentage(l, done);
  return (
    <div className="nt-progress" data-full={done >= 100 || undefined}>
      <progress max={100} value={done} aria-label={`${l.progress}: ${item.title}`} />
      <span aria-hidden="true">{words}</span>
    </div>
  );
}

/** Where it comes from and how much it matters: always in words, never by colour alone. */
export function Meta({ item, l }: { item: Notification; l: Localization }) {
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
export function Words({ text }: { text: string }) {
  return (
    <span>
      <bdi>{text}</bdi>
    </span>
  );
}
