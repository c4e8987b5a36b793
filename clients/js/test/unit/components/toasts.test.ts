import { expect, test, vi } from "vitest";
import { Toasts } from "../../../src/components/toasts";

test("where nobody draws toasts nothing waits for an undo that nobody could press", () => {
  const toasts = new Toasts();
  const [undo, end] = [vi.fn(), vi.fn()];
  toasts.undoable("Deleted", undo, end);
  expect(end).toHaveBeenCalledOnce();
  expect(toasts.list).toEqual([]);
  expect(toasts.said.polite).toBe("Deleted");
});

test("when the last drawer goes, what could be undone becomes final", () => {
  const toasts = new Toasts();
  const [undo, end] = [vi.fn(), vi.fn()];
  const stops = [toasts.draw(), toasts.draw()];
  toasts.undoable("Deleted", undo, end);
  stops[0]!();
  expect(end).not.toHaveBeenCalled();
  stops[1]!();
  expect(end).toHaveBeenCalledOnce();
  expect(undo).not.toHaveBeenCalled();
  expect(toasts.list).toEqual([]);
});

test("undone is not final, and neither happens twice", () => {
  const toasts = new Toasts();
  const [undo, end] = [vi.fn(), vi.fn()];
  const stop = toasts.draw();
  toasts.undoable("Deleted", undo, end);
  const [toast] = toasts.list;
  toasts.end(toast!, "undo");
  toasts.end(toast!, "close");
  stop();
  expect([undo.mock.calls.length, end.mock.calls.length]).toEqual([1, 0]);
});

test("passing ones give way to newer ones; those that stay, and undo, do not", () => {
  const toasts = new Toasts();
  toasts.draw();
  toasts.show({ key: "stays", text: "stays", ms: null });
  toasts.undoable("undo", vi.fn());
  for (let i = 0; i < 10; i++) toasts.notice(`notice ${i}`);
  const texts = toasts.list.map(({ text }) => text);
  expect(texts).toEqual(["stays", "undo", "notice 6", "notice 7", "notice 8", "notice 9"]);
});
