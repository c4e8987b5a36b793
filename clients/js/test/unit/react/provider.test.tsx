// @vitest-environment jsdom
/** The provider: one client at a time, and nothing left behind. */
import "fake-indexeddb/auto";
import { act, cleanup, render } from "@testing-library/react";
import { StrictMode, useEffect } from "react";
import { afterEach, expect, test, vi } from "vitest";
import type { NotifyClient } from "../../../src";
import { NotifyProvider, useConnection, useNotifications, useNotifyClient } from "../../../src/react";

/** More than the second that is the default: databases open while much else starts. */
const WAIT = 20_000;

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const seen: NotifyClient[] = [];

function Spy() {
  const client = useNotifyClient();
  useNotifications({ unread: true });
  useConnection();
  useEffect(() => {
    seen.push(client);
  }, [client]);
  return null;
}

interface Options {
  user: string;
  url?: string;
  token?: () => Promise<string>;
}

function Tree({ user, url = "http://nowhere.example", token = () => new Promise(() => {}) }: Options) {
  return (
    <StrictMode>
      <NotifyProvider user={user} url={url} getToken={token}>
        <Spy />
      </NotifyProvider>
    </StrictMode>
  );
}

/** The names of the listeners that are on the window. */
function countListeners(): () => string[] {
  const held = new Map<unknown, string>();
  const [add, remove] = [window.addEventListener, window.removeEventListener];
  vi.spyOn(window, "addEventListener").mockImplementation((...args: Parameters<typeof add>) => {
    held.set(args[1], args[0]);
    add.apply(window, args);
  });
  vi.spyOn(window, "removeEventListener").mockImplementation((...args: Parameters<typeof remove>) => {
    held.delete(args[1]);
    remove.apply(window, args);
  });
  return () => [...held.values()].sort();
}

test("unmounted while it loads it leaves no listener, and says nothing more", async () => {
  const held = countListeners();
  const { unmount } = render(<Tree user="leaving" />);
  const client = seen.at(-1)!;
  await vi.waitFor(() => expect(held()).toEqual(["offline", "online", "pagehide"]), WAIT);
  unmount();
  const said = vi.fn();
  client.subscribe(said);
  await vi.waitFor(() => expect(held()).toEqual([]), WAIT);
  await act(() => client.stop());
  said.mockClear();
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(said).not.toHaveBeenCalled();
  expect(client.getState().connection.status).toBe("offline");
});

test("another user or address is another client, another callback is not", async () => {
  const { rerender } = render(<Tree user="first" />);
  const first = seen.at(-1)!;
  const token = vi.fn(() => new Promise<string>(() => {}));
  rerender(<Tree user="first" token={token} />);
  expect(seen.at(-1)).toBe(first);
  rerender(<Tree user="first" url="http://elsewhere.example" token={token} />);
  const moved = seen.at(-1)!;
  expect(moved).not.toBe(first);
  rerender(<Tree user="second" url="http://elsewhere.example" token={token} />);
  const second = seen.at(-1)!;
  expect([first.user, moved.user, second.user]).toEqual(["first", "first", "second"]);
  await vi.waitFor(() => expect(second.getState().connection.status).toBe("connecting"), WAIT);
  await vi.waitFor(() => expect(first.getState().connection.status).toBe("offline"), WAIT);
  await vi.waitFor(() => expect(token).toHaveBeenCalled(), WAIT);
});

test("another address is where the new client goes, at once", async () => {
  const claims = btoa(JSON.stringify({ sub: "mover", exp: 4e9 })).replaceAll("=", "");
  const token = async () => `x.${claims}.x`;
  const { rerender } = render(<Tree user="mover" url="http://before.invalid" token={token} />);
  rerender(<Tree user="mover" url="http://after.invalid" token={token} />);
  const moved = seen.at(-1)!;
  await vi.waitFor(() => expect(moved.socket).not.toBeNull(), WAIT);
  expect((moved.socket!.io as unknown as { uri: string }).uri).toContain("after.invalid");
});

test("snapshots are the same object until something changes, so that concurrent rendering cannot tear", () => {
  render(<Tree user="stable" />);
  const client = seen.at(-1)!;
  expect(client.getState()).toBe(client.getState());
  expect(client.getList({ unread: true })).toBe(client.getList({ unread: true, q: "" }));
  const before = client.getList();
  act(() => void client.setSubscribed("info", false));
  expect(client.getList()).toBe(before);
});

test("what is missing is told by the types, and in words", () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  // @ts-expect-error getToken is needed where no client is given
  expect(() => render(<NotifyProvider user="42" />)).toThrow("needs user and getToken, or client");
  expect(() => render(<Spy />)).toThrow("need a NotifyProvider above them");
});
