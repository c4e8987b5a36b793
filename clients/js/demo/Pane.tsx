/** What one user sees: bell, centre, toasts; and a switch to cut the line. */
import { useEffect, useRef, useState } from "react";
import {
  AcknowledgeDialog,
  Bell,
  ConnectionIndicator,
  NotificationCenter,
  NotifyProvider,
  Toaster,
  type Click,
} from "../src/components";
import { useClientEvent, useConnection, useCounts } from "../src/react";
import { fetchSession, type Session } from "./api";

export function Pane({ user, roles, isMain = false }: { user: string; roles: string; isMain?: boolean }) {
  const [session, setSession] = useState<Session | null>(null);
  useEffect(() => {
    void fetchSession(user, roles).then(setSession);
  }, [user, roles]);
  if (session === null) return <section className="card pane" aria-busy="true" aria-label={user} />;
  return (
    <NotifyProvider
      user={user}
      path={session.socket_path}
      apiPath={session.api_url}
      // The key tells this server from another one that once ran at the same address.
      cacheScope={`${location.origin}${location.pathname} ${session.api_key.split("_")[1]}`}
      reconnectDelayMax={5_000}
      getToken={async () => (await fetchSession(user, roles)).token}
    >
      <Seen user={user} isMain={isMain} />
    </NotifyProvider>
  );
}

function Seen({ user, isMain }: { user: string; isMain: boolean }) {
  const { status, connect, disconnect } = useConnection();
  const [clicked, setClicked] = useState("");
  const pane = useAnnouncements();
  useTitle(isMain);
  /** A router would go there; the demo has no such pages, and says where it would have gone. */
  function followed(click: Click): void {
    if (click.href?.startsWith(`${location.origin}/`)) {
      click.preventDefault();
      setClicked(`${click.action ? `${click.action} → ` : ""}${new URL(click.href).pathname}`);
    } else if (click.action) setClicked(click.action);
  }
  return (
    <>
      <section className="card pane" data-user={user} data-status={status} aria-label={user} ref={pane}>
        <header className="who">
          <strong>{user}</strong>
          <ConnectionIndicator />
          <span className="space" />
          <label className="switch">
            <input
              type="checkbox"
              checked={status === "offline"}
              onChange={(event) => (event.target.checked ? disconnect() : connect())}
            />
            Offline
          </label>
          <Bell onNotificationClick={followed} />
        </header>
        <NotificationCenter variant="page" onNotificationClick={followed} />
        {clicked && (
          <output className="clicked">
            onNotificationClick: <code>{clicked}</code>
          </output>
        )}
      </section>
      {isMain ? (
        <Toaster onNotificationClick={followed} />
      ) : (
        <Toaster
          localization={{ title: `Notifications of ${user}` }}
          position="bottom-start"
          minPriority="critical"
          onNotificationClick={followed}
        />
      )}
      {isMain && <AcknowledgeDialog />}
    </>
  );
}

/** Counts announcements, for the tests: `data-announced`, and how many of them said nothing new. */
function useAnnouncements() {
  const element = useRef<HTMLElement>(null);
  const heard = useRef({ keys: new Set<string>(), all: 0 });
  useClientEvent("announce", ({ key, notification, kind }) => {
    const { keys } = heard.current;
    heard.current.all++;
    if (kind !== "reminder") keys.add(`${key} ${notification.revision} ${notification.sort_at}`);
    else keys.add(`${key} reminder ${heard.current.all}`);
    const { dataset } = element.current ?? { dataset: {} as DOMStringMap };
    dataset.announced = String(heard.current.all);
    dataset.repeated = String(heard.current.all - keys.size);
  });
  return element;
}

function useTitle(isOn: boolean): void {
  const { unread } = useCounts();
  useEffect(() => {
    if (isOn) document.title = `${unread > 0 ? `(${unread}) ` : ""}notify-server demo`;
  }, [isOn, unread]);
}
