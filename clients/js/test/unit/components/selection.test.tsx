// @vitest-environment jsdom
/** What is selected in a list of an application's own. */
import "fake-indexeddb/auto";
import { act, cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import type { Notification } from "../../../src";
import { NotificationList, NotifyProvider, useSelection, type Selection } from "../../../src/components";

afterEach(cleanup);

const FOR_BOTH = { id: "n1", title: "For both" } as Notification;
let selection: Selection;

function Application({ user }: { user: string }) {
  selection = useSelection();
  return (
    <NotifyProvider user={user} url="http://nowhere.example" getToken={() => new Promise(() => {})}>
      <NotificationList selection={selection} />
    </NotifyProvider>
  );
}

test("what one user selected is not selected for the next one, who has it too", () => {
  const { rerender } = render(<Application user="ann" />);
  act(() => selection.toggle(FOR_BOTH, false));
  rerender(<Application user="ann" />);
  expect(selection.has(FOR_BOTH.id)).toBe(true);
  rerender(<Application user="bob" />);
  expect(selection.has(FOR_BOTH.id)).toBe(false);
});
