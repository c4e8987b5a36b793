/** Rendering on a server: no window, no network, no storage. */
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { AcknowledgeDialog, Bell, NotificationCenter, Toaster } from "../../../src/components";
import {
  NotifyProvider,
  useConnection,
  useCounts,
  useNotification,
  useNotifications,
  useNotificationSocket,
  useSubscriptions,
} from "../../../src/react";

function Everything() {
  const { notifications, isLoaded } = useNotifications({ unread: true });
  const { unread } = useCounts();
  const { status } = useConnection();
  const { isLoading } = useNotification("n1");
  const { types } = useSubscriptions();
  const { unreadCount, socket } = useNotificationSocket();
  return (
    <p>{JSON.stringify([notifications, isLoaded, unread, status, isLoading, types, unreadCount, socket])}</p>
  );
}

test("the hooks render without a browser, and nothing is asked for", () => {
  expect(typeof window).toBe("undefined");
  const getToken = () => {
    throw new Error("a server that renders has no business with tokens");
  };
  const html = renderToString(
    <NotifyProvider user="42" getToken={getToken}>
      <Everything />
    </NotifyProvider>,
  );
  expect(html.replaceAll("&quot;", '"')).toBe('<p>[[],false,0,"offline",true,null,0,null]</p>');
});

test("nothing random and no time is asked for: Next prerenders no page that does", () => {
  const asked = [
    vi.spyOn(crypto, "getRandomValues"),
    vi.spyOn(crypto, "randomUUID"),
    vi.spyOn(Math, "random"),
    vi.spyOn(Date, "now"),
  ];
  const page = (
    <NotifyProvider user="42" getToken={() => "a.b.c"}>
      <Bell />
      <NotificationCenter variant="page" />
      <Toaster />
      <AcknowledgeDialog />
    </NotifyProvider>
  );
  renderToString(page);
  const calls = asked.flatMap<unknown>((spy) => spy.mock.calls);
  vi.restoreAllMocks();
  expect(calls).toEqual([]);
});
