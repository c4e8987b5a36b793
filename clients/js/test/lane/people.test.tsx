// @vitest-environment jsdom
/** The components, with two people at one browser one after the other, and what matters most to them. */
import "fake-indexeddb/auto";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { StrictMode, type ReactNode } from "react";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { NotifyClient } from "../../src";
import { AcknowledgeDialog, NotificationCenter, NotifyProvider, Toaster } from "../../src/components";
import { useNotifyClient } from "../../src/react";
import { Server } from "../support/server";

const WAIT = { timeout: 30_000 };
/** Longer than it takes to tell a number. */
const TOLD_MS = 900;
let server: Server;
let users = 0;
let client: NotifyClient;

beforeAll(async () => {
  server = await Server.start();
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  localStorage.clear();
});
afterAll(() => server.remove());

// jsdom has no modal dialogs.
HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};
HTMLDialogElement.prototype.close = function () {
  this.open = false;
};

const newUser = () => `people-${++users}`;
const sleep = (ms: number) => act(() => new Promise((resolve) => setTimeout(resolve, ms)));
const toasts = () => [...document.querySelectorAll(".nt-toast strong")].map((one) => one.textContent);
const voice = () => screen.getByRole("alert").textContent;

function Hold() {
  client = useNotifyClient();
  return null;
}

function Tree({ of, children }: { of: string; children: ReactNode }) {
  return (
    <StrictMode>
      <NotifyProvider user={of} url={server.url} getToken={async () => (await server.session(of)).token}>
        <Hold />
        {children}
      </NotifyProvider>
    </StrictMode>
  );
}

const current = () => waitFor(() => expect(client.getState().isCurrent).toBe(true), WAIT);

test("what came in a flood for one person is not told to the next as a number", async () => {
  const [first, second] = [newUser(), newUser()];
  const tree = (of: string) => (
    <Tree of={of}>
      <Toaster />
    </Tree>
  );
  const { rerender } = render(tree(first));
  await current();
  await Promise.all(Array.from({ length: 12 }, (_, n) => server.send(first, `Flood ${n}`)));
  await waitFor(() => expect(toasts()).toHaveLength(4), WAIT);
  rerender(tree(second));
  await sleep(TOLD_MS);
  expect(toasts()).toEqual([]);
  expect(screen.getByRole("status").textContent).toBe("");
});

test("what one person typed, chose and put off is gone for the next", async () => {
  const [first, second] = [newUser(), newUser()];
  await server.send(first, "For both", {
    to: [first, second],
    priority: "critical",
    requires_acknowledgment: true,
  });
  const tree = (of: string) => (
    <Tree of={of}>
      <NotificationCenter />
      <AcknowledgeDialog />
    </Tree>
  );
  const { rerender } = render(tree(first));
  fireEvent.click(await screen.findByRole("button", { name: "Later" }, WAIT));
  expect(document.querySelector(".nt-dialog")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Filters" }));
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "secret" } });
  rerender(tree(second));
  expect(screen.queryByRole("searchbox")).toBeNull();
  await waitFor(() => expect(document.querySelector(".nt-dialog")).not.toBeNull(), WAIT);
});

test("a logout takes toasts, words and desktop notifications away", async () => {
  const user = newUser();
  const shown: { title: string; isClosed: boolean }[] = [];
  class Desktop {
    static permission = "granted";
    readonly #told: { title: string; isClosed: boolean };
    constructor(title: string) {
      shown.push((this.#told = { title, isClosed: false }));
    }
    close() {
      this.#told.isClosed = true;
    }
  }
  vi.stubGlobal("Notification", Desktop);
  vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  localStorage.setItem("notify-client:desktop", "on");
  render(
    <Tree of={user}>
      <Toaster />
    </Tree>,
  );
  await current();
  await server.send(user, "Secret", { priority: "critical" });
  await waitFor(() => expect(toasts()).toEqual(["Secret"]), WAIT);
  await waitFor(() => expect(voice()).toContain("Secret"), WAIT);
  expect(shown).toEqual([{ title: "Secret", isClosed: false }]);
  await act(() => client.logout());
  expect([toasts(), voice()]).toEqual([[], ""]);
  expect(shown).toEqual([{ title: "Secret", isClosed: true }]);
});

test("critical ones that came while away, or at once, are each said, and stay when the page is another", async () => {
  const user = newUser();
  const tree = (page: string) => (
    <Tree of={user}>
      <Toaster key={page} />
    </Tree>
  );
  const first = await server.send(user, "One", { priority: "critical" });
  expect(first).toBeTruthy();
  const { rerender } = render(tree("home"));
  await current();
  await waitFor(() => expect(voice()).toContain("One"), WAIT);
  await sleep(1_500);
  // In one request: of two, the second may be a second later.
  const items = ["Two", "Three"].map((title) => ({ to: user, title, message: "m", priority: "critical" }));
  expect((await server.post("/notifications/bulk", { items })).status).toBeLessThan(300);
  await waitFor(() => expect(toasts().sort()).toEqual(["One", "Three", "Two"]), WAIT);
  expect(voice()).toMatch(/Two.*Three|Three.*Two/);
  rerender(tree("elsewhere"));
  expect(toasts().sort()).toEqual(["One", "Three", "Two"]);
});
