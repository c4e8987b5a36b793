/** What a server has rendered is what the browser first draws: React finds nothing to mend. */
import { act } from "react";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import {
  AcknowledgeDialog,
  ar,
  Bell,
  ConnectionIndicator,
  FilterBar,
  NotificationCenter,
  NotificationSettings,
  NotifyProvider,
  NotifyUi,
  Toaster,
} from "../../../src/components";
import { createNotifyClient } from "../../../src";

// Never started: nothing is asked for, in the browser neither.
const client = createNotifyClient({ user: "42", getToken: () => "token" });
const page = (
  <NotifyProvider client={client}>
    <NotifyUi localization={ar} theme="dark">
      <Bell />
      <NotificationCenter variant="page" />
      <FilterBar filters={{}} onChange={() => undefined} />
      <NotificationSettings />
      <ConnectionIndicator />
      <Toaster />
      <AcknowledgeDialog />
    </NotifyUi>
  </NotifyProvider>
);

/** From here on there is a browser, which has not been asked yet whether it may show notifications. */
async function openBrowser(html: string): Promise<HTMLElement> {
  const { JSDOM } = await import("jsdom" as string);
  const { window } = new JSDOM(`<div id="root">${html}</div>`, { url: "https://app.example/" });
  for (const name of ["document", "navigator", "location", "localStorage"]) vi.stubGlobal(name, window[name]);
  vi.stubGlobal("window", window);
  vi.stubGlobal("Notification", { permission: "default" });
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  return window.document.getElementById("root");
}

test("hydrating changes nothing of what was rendered", async () => {
  expect("window" in globalThis).toBe(false);
  const root = await openBrowser(renderToString(page));
  const { hydrateRoot } = await import("react-dom/client");
  const before = root.innerHTML;
  const faults: unknown[] = [];
  await act(async () => void hydrateRoot(root, page, { onRecoverableError: (error) => faults.push(error) }));
  expect(faults).toEqual([]);
  expect(root.innerHTML).toBe(before);
});
