/** What a notification shows beside its words: a picture, how far it is, where it comes from. */
import { useEffect, useRef, useState, type ReactNode } from "react";
import { safeMedia } from "../core/links";
import type { Notification } from "../generated/wire";
import { Icon } from "./Icon";
import type { Localization } from "./locales/en";
import { Markdown } from "./Markdown";
import { moment, percent, percentage } from "./time";
import { typeName, useUi } from "./ui";

/** The type as an icon, and its name for those who do not see it. */
export function TypeIcon({ type, id, isSmall = false }: { type: string; id?: string; isSmall?: boolean }) {
  const { l } = useUi();
  return (
    <span
      id={id}
      className={isSmall ? "nt-tile nt-small" : "nt-tile"}
      role="img"
      aria-label={typeName(l.types, type)}
    >
      <Icon name={type} />
    </span>
  );
}

/** So many letters fit into the lines that are shown, however narrow they are. */
const ALWAYS_FITS = 50;

/** What it says: a few lines, and all of it for those who want it. */
export function Message({ text, id }: { text: string; id?: string }) {
  const { l } = useUi();
  const words = useRef<HTMLParagraphElement>(null);
  const [isCut, setCut] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const mayBeCut = text.length > ALWAYS_FITS || text.includes("\n");
  useEffect(() => {
    const element = words.current;
    if (element === null || !mayBeCut || isOpen || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => setCut(element.scrollHeight > element.clientHeight + 1));
    observer.observe(element);
    return () => observer.disconnect();
  }, [mayBeCut, isOpen]);
  // A link in what is cut off has the focus: then it is shown.
  return (
    <>
      <p
        ref={words}
        id={id}
        className="nt-message"
        dir="auto"
        data-open={isOpen || undefined}
        onFocus={() => setOpen(isCut || isOpen)}
      >
        <Markdown text={text} />
      </p>
      {isCut && (
        <button type="button" className="nt-link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? l.showLess : l.showAll}
        </button>
      )}
    </>
  );
}

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
