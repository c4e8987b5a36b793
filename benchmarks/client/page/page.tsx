/** The page that `page.mjs` times: a bell, toasts, and a list as a page where it is asked for. */
import { createRoot } from "react-dom/client";
import { NotifyClient } from "../../../clients/js/src";
import { Bell, NotificationCenter, NotifyProvider, Toaster } from "../../../clients/js/src/components";
import "../../../clients/js/src/components/style.css";

declare global {
  interface Window {
    notify: { client: NotifyClient; user: string };
  }
}

const { user, list } = Object.fromEntries(new URLSearchParams(location.search));

async function getToken(): Promise<string> {
  const response = await fetch(`/demo/session?user=${user}`);
  return ((await response.json()) as { token: string }).token;
}

const client = new NotifyClient({ user: user!, getToken });
window.notify = { client, user: user! };
createRoot(document.getElementById("root")!).render(
  <NotifyProvider client={client}>
    <Bell />
    {list !== undefined && <NotificationCenter variant="page" />}
    <Toaster />
  </NotifyProvider>,
);
void client.start();
