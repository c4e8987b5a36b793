/** Parts that stand alone look as they do in the centre. */
import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { Notification } from "../../../src";
import {
  ar,
  FilterBar,
  NotificationItem,
  NotifyProvider,
  NotifyUi,
  SubscriptionList,
} from "../../../src/components";

const item = { id: "n1", title: "Hello", message: "", priority: "normal", type: "info", revision: 1 };

test.each<[string, ReactNode]>([
  ["FilterBar", <FilterBar filters={{}} onChange={() => undefined} />],
  ["SubscriptionList", <SubscriptionList />],
  ["NotificationItem", <NotificationItem notification={item as Notification} />],
])("%s takes looks, language and theme from the NotifyUi around it", (_, part) => {
  const html = renderToStaticMarkup(
    <NotifyProvider user="42" getToken={() => ""}>
      <NotifyUi localization={ar} theme="dark">
        {part}
      </NotifyUi>
    </NotifyProvider>,
  );
  expect(html).toMatch(/^<\w+ class="nt-root[^"]*" dir="rtl" lang="ar" data-theme="dark"/);
});
