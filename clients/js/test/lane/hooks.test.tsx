// @vitest-environment jsdom
/** The hooks in a React tree, against the real server. */
import "fake-indexeddb/auto";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import { StrictMode, useState } from "react";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Announcement, Filters, NotifyClient, Outcome } from "../../src";
import {
  NotifyProvider,
  useClientEvent,
  useConnection,
  useCounts,
  useNotification,
  useNotifications,
  useNotificationSocket,
  useNotifyClient,
  useSubscriptions,
} from "../../src/react";
import { Server } from "../support/server";

const WAIT = { timeout: 30_000 };
const FILLED = { isLoaded: true, isLoading: false };
let server: Server;
let users = 0;
let user = "";
let client: NotifyClient;

beforeAll(async () => {
  server = await Server.start();
});
afterEach(cleanup);
afterAll(() => server.remove());

function newUser(): string {
  user = `hook-${++users}`;
  return user;
}

function Tree({ of = user, children }: { of?: string; children: React.ReactNode }) {
  const getToken = async () => (await server.session(of)).token;
  return (
    <StrictMode>
      <NotifyProvider user={of} url={server.url} getToken={getToken}>
        {children}
      </NotifyProvider>
    </StrictMode>
  );
}

function Inbox({ filters = {} }: { filters?: Filters }) {
  client = useNotifyClient();
  const { notifications, isLoaded } = useNotifications(filters);
  const { unread } = useCounts();
  const { status, isCurrent } = useConnection();
  return (
    <div data-testid="inbox" data-loaded={isLoaded} data-status={status} data-current={isCurrent}>
      <output aria-label="unread">{unread}</output>
      {notifications.map((item) => (
        <p key={item.id} data-read={item.is_read}>
          {item.title}
        </p>
      ))}
    </div>
  );
}

const current = () => waitFor(() => expect(screen.getByTestId("inbox").dataset.current).toBe("true"), WAIT);
const unread = () => Number(screen.getByLabelText("unread").textContent);

test("a bell and a list, in strict mode: connected once, filled, counted, read at once", async () => {
  const id = await server.send(newUser(), "Waiting");
  render(
    <Tree>
      <Inbox />
    </Tree>,
  );
  await waitFor(() => screen.getByText("Waiting"), WAIT);
  await waitFor(() => expect(unread()).toBe(1), WAIT);
  expect(screen.getByTestId("inbox").dataset.status).toBe("connected");
  await act(() => client.markAsRead(id));
  expect(screen.getByText("Waiting").dataset.read).toBe("true");
  expect(unread()).toBe(0);
});

test("filters that say the same are the same list, however they are written down", async () => {
  newUser();
  let renders = 0;
  function Unread() {
    renders++;
    const { notifications } = useNotifications({ unread: true, q: "" });
    return <p>{notifications.map((item) => item.title).join()}</p>;
  }
  render(
    <Tree>
      <Inbox filters={{ type: "alert" }} />
      <Unread />
    </Tree>,
  );
  await current();
  await server.send(user, "Alarm", { type: "alert" });
  await server.send(user, "Info");
  await waitFor(() => screen.getByText("Info,Alarm"), WAIT);
  expect(screen.getByTestId("inbox").textContent).toContain("Alarm");
  expect(screen.getByTestId("inbox").textContent).not.toContain("Info");
  // A page that is still on its way would be one more drawing.
  await waitFor(() => expect(client.getList({ unread: true })).toMatchObject(FILLED), WAIT);
  const before = renders;
  await act(() => client.setSubscribed("warning", false));
  expect(renders).toBe(before);
});

test("another user: nothing of the one before is ever drawn", async () => {
  await server.send(newUser(), "Of the first");
  const drawn: string[] = [];
  function Spy({ of }: { of: string }) {
    const { notifications } = useNotifications();
    drawn.push(...notifications.map((item) => `${of}: ${item.title}`));
    return null;
  }
  const [first, second] = [user, newUser()];
  const tree = (of: string) => (
    <Tree of={of}>
      <Inbox />
      <Spy of={of} />
    </Tree>
  );
  const { rerender } = render(tree(first));
  await waitFor(() => screen.getByText("Of the first"), WAIT);
  rerender(tree(second));
  expect(screen.queryByText("Of the first")).toBeNull();
  await current();
  expect(screen.queryByText("Of the first")).toBeNull();
  expect(new Set(drawn)).toEqual(new Set([`${first}: Of the first`]));
});

test("one notification by its id, known or not", async () => {
  const id = await server.send(newUser(), "By id");
  function One({ name }: { name: string }) {
    const { notification, isLoading, isPending } = useNotification(name);
    return <p data-testid={name}>{isLoading ? "loading" : `${notification?.title} ${isPending}`}</p>;
  }
  const nobody = "019b76da-a800-7000-8000-0000000000ff";
  render(
    <Tree>
      <Inbox />
      <One name={id} />
      <One name={nobody} />
    </Tree>,
  );
  await waitFor(() => expect(screen.getByTestId(id).textContent).toBe("By id false"), WAIT);
  await waitFor(() => expect(screen.getByTestId(nobody).textContent).toBe("undefined false"), WAIT);
  act(() => client.disconnect());
  act(() => void client.pin(id));
  expect(screen.getByTestId(id).textContent).toBe("By id true");
});

test("subscriptions: shown at once, taken back when refused", async () => {
  newUser();
  const outcomes: Promise<Outcome>[] = [];
  function Types() {
    const { types, isLoading, setSubscribed } = useSubscriptions();
    const press = (type: string) => outcomes.push(setSubscribed(type, false));
    if (isLoading) return <p>loading</p>;
    return (
      <>
        <button onClick={() => press("info")}>info {String(types?.info?.subscribed)}</button>
        <button onClick={() => press("security")}>security {String(types?.security?.subscribed)}</button>
      </>
    );
  }
  render(
    <Tree>
      <Inbox />
      <Types />
    </Tree>,
  );
  await waitFor(() => screen.getByText("info true"), WAIT);
  act(() => screen.getByText("info true").click());
  screen.getByText("info false");
  act(() => screen.getByText("security true").click());
  screen.getByText("security false");
  await act(async () => expect(await Promise.all(outcomes)).toMatchObject([{ ok: true }, { ok: false }]));
  await waitFor(() => screen.getByText("security true"), WAIT);
  screen.getByText("info false");
});

test("announcements reach the newest listener", async () => {
  newUser();
  const heard = vi.fn();
  function Listener() {
    const [seen, setSeen] = useState(0);
    useClientEvent("announce", (announcement: Announcement) => {
      heard(announcement.notification.title, seen);
      setSeen(seen + 1);
    });
    return null;
  }
  render(
    <Tree>
      <Inbox />
      <Listener />
    </Tree>,
  );
  await current();
  await server.send(user, "First");
  await waitFor(() => expect(heard).toHaveBeenCalledWith("First", 0), WAIT);
  await server.send(user, "Second");
  await waitFor(() => expect(heard).toHaveBeenCalledWith("Second", 1), WAIT);
  expect(heard).toHaveBeenCalledTimes(2);
});

test("useNotificationSocket gives exactly notifications, unreadCount, markAsRead, socket", async () => {
  const id = await server.send(newUser(), "Classic");
  let result!: ReturnType<typeof useNotificationSocket>;
  function Classic() {
    result = useNotificationSocket();
    return null;
  }
  render(
    <Tree>
      <Inbox />
      <Classic />
    </Tree>,
  );
  // The first count comes before what it counts.
  await waitFor(() => expect([result.unreadCount, result.notifications.length]).toEqual([1, 1]), WAIT);
  expect(Object.keys(result).sort()).toEqual(["markAsRead", "notifications", "socket", "unreadCount"]);
  expect(result.notifications.map((item) => item.title)).toEqual(["Classic"]);
  expect(result.socket?.connected).toBe(true);
  await act(() => result.markAsRead(id));
  expect(result.unreadCount).toBe(0);
});

test("hooks without a provider say what is missing", () => {
  const silent = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(() => render(<Inbox />)).toThrow("NotifyProvider");
  silent.mockRestore();
});
