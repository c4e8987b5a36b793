/** The centre: tabs, filters, the list, batch actions, where to drop, and the settings. */
import {
  useEffect,
  useId,
  useRef,
  useState,
  type ComponentPropsWithRef,
  type DragEvent,
  type KeyboardEvent,
} from "react";
import type { Filters } from "../core/types";
import type { Notification } from "../generated/wire";
import { useNotifyClient } from "../react/context";
import { useCounts } from "../react/hooks";
import { useActions } from "./actions";
import { BatchBar, DropZones } from "./Batch";
import { ConnectionIndicator } from "./Connection";
import { FilterBar } from "./FilterBar";
import { Frame } from "./Frame";
import { Icon } from "./Icon";
import { NotificationList } from "./List";
import { useSelection } from "./selection";
import { NotificationSettings } from "./Settings";
import { number } from "./time";
import { rootProps, split, useUi, type UiOptions } from "./ui";

export type Tab = "all" | "unread" | "pinned" | "snoozed" | "done";

export interface NotificationCenterProps extends UiOptions {
  /** As a page it fills what is around it; default popover. */
  variant?: "popover" | "page";
  /** Which tabs, in order; default all of them. */
  tabs?: readonly Tab[];
  /** Filters that always hold, such as one `source`. */
  filters?: Filters;
  /** Shown as a button when given. */
  onClose?: () => void;
}

const TABS: Readonly<Record<Tab, Filters>> = {
  all: {},
  unread: { unread: true },
  pinned: { pinned: true },
  snoozed: { snoozed: true },
  done: { dismissed: true },
};
const ALL_TABS = Object.keys(TABS) as Tab[];
const NO_FILTERS: Filters = {};

export function NotificationCenter(props: NotificationCenterProps) {
  const [ui, own] = split(props);
  return (
    <Frame {...ui}>
      <Center {...own} />
    </Frame>
  );
}

function Center({
  variant = "popover",
  tabs = ALL_TABS,
  filters: always = NO_FILTERS,
  onClose,
}: Omit<NotificationCenterProps, keyof UiOptions>) {
  const ui = useUi();
  const [tab, setTab] = useState<Tab>(tabs[0] ?? "all");
  const [narrow, setNarrow] = useState<Filters>({});
  const [isFiltering, setFiltering] = useState(false);
  const [isSettings, setSettings] = useState(false);
  const [dragged, setDragged] = useState<readonly Notification[]>([]);
  const selection = useSelection();
  const id = useId();
  const panel = useRef<HTMLDivElement>(null);
  function toList(): void {
    const list = panel.current;
    (list?.querySelector<HTMLElement>("[data-id][tabindex='0']") ?? list?.querySelector("div"))?.focus();
  }
  function choose(next: Tab): void {
    selection.clear();
    setTab(next);
  }
  function dragStart(event: DragEvent, item: Notification): void {
    const items = selection.has(item.id) ? selection.items() : [item];
    event.dataTransfer.setData("text/plain", items.map(({ title }) => title).join("\n"));
    event.dataTransfer.effectAllowed = "move";
    // Chromium ends a drag whose surroundings change in its first moment.
    setTimeout(() => setDragged(items));
  }
  return (
    <div {...rootProps(ui, "nt-center")} role="group" data-variant={variant} aria-labelledby={`${id}-title`}>
      <Header
        id={`${id}-title`}
        isSettings={isSettings}
        isFiltering={isFiltering}
        onSettings={() => setSettings(!isSettings)}
        onFilter={() => setFiltering(!isFiltering)}
        onClose={onClose}
      />
      {isSettings ? (
        <NotificationSettings />
      ) : (
        <>
          <Tabs id={id} tabs={tabs} tab={tab} onChoose={choose} />
          {isFiltering && <FilterBar filters={narrow} onChange={setNarrow} />}
          <BatchBar selection={selection} onDone={toList} />
          <div
            ref={panel}
            className="nt-panel"
            role="tabpanel"
            id={`${id}-panel`}
            aria-labelledby={`${id}-${tab}`}
          >
            <NotificationList
              key={tab}
              filters={{ ...narrow, ...always, ...TABS[tab] }}
              selection={selection}
              onDragStart={dragStart}
              onDragEnd={() => setDragged([])}
            />
            {dragged.length > 0 && <DropZones items={dragged} onDrop={() => setDragged([])} />}
          </div>
        </>
      )}
      {ui.slots?.footer}
      <ConnectionIndicator isQuiet />
    </div>
  );
}

interface HeaderProps {
  id: string;
  isSettings: boolean;
  isFiltering: boolean;
  onSettings: () => void;
  onFilter: () => void;
  onClose?: () => void;
}

function Header({ id, isSettings, isFiltering, onSettings, onFilter, onClose }: HeaderProps) {
  const { l, slots } = useUi();
  const { unread, more } = useCounts();
  const client = useNotifyClient();
  const actions = useActions();
  const turn = useTurn(isSettings);
  const readAll = () => actions.readAll(client.getList({ unread: true }).notifications.slice(0, 500));
  const tool = (
    icon: string,
    label: string,
    onClick?: () => void,
    more?: ComponentPropsWithRef<"button">,
  ) => (
    <button type="button" className="nt-tool" aria-label={label} title={label} onClick={onClick} {...more}>
      <Icon name={icon} />
    </button>
  );
  return (
    <header className="nt-header">
      {isSettings && tool("back", l.back, onSettings, { ref: turn })}
      <h2 id={id}>{isSettings ? l.settings : l.title}</h2>
      {!isSettings && unread > 0 && (
        <span className="nt-count" aria-hidden="true">
          {number(l, unread)}
          {more && "+"}
        </span>
      )}
      {slots?.header}
      <span className="nt-space" />
      {!isSettings && (
        <>
          {tool("allRead", l.markAllRead, unread > 0 ? readAll : undefined, {
            "aria-disabled": unread === 0,
          })}
          {tool("filter", l.filters, onFilter, { "aria-pressed": isFiltering })}
          {tool("settings", l.settings, onSettings, { ref: turn })}
        </>
      )}
      {onClose && tool("close", l.close, onClose)}
    </header>
  );
}

/** The way there and the way back: pressing one, which then goes, leads the focus to the other. */
function useTurn(isThere: boolean) {
  const button = useRef<HTMLButtonElement>(null);
  const before = useRef(isThere);
  useEffect(() => {
    if (before.current !== isThere) button.current?.focus();
    before.current = isThere;
  }, [isThere]);
  return button;
}

function Tabs({
  id,
  tabs,
  tab,
  onChoose,
}: {
  id: string;
  tabs: readonly Tab[];
  tab: Tab;
  onChoose: (tab: Tab) => void;
}) {
  const { l } = useUi();
  function pressed(event: KeyboardEvent<HTMLDivElement>): void {
    const forward = l.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = l.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    const at = tabs.indexOf(tab);
    const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    const next = to === undefined ? undefined : tabs.at(to % tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next);
    event.currentTarget.querySelector<HTMLElement>(`[data-tab=${next}]`)?.focus();
  }
  return (
    <div className="nt-tabs" role="tablist" aria-label={l.title} onKeyDown={pressed}>
      {tabs.map((name) => (
        <button
          key={name}
          id={`${id}-${name}`}
          type="button"
          role="tab"
          data-tab={name}
          aria-selected={name === tab}
          aria-controls={name === tab ? `${id}-panel` : undefined}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => onChoose(name)}
        >
          {l[name]}
        </button>
      ))}
    </div>
  );
}
