import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pace } from "../../../src/components/pace";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a few pass at once, then one every second and a half; the rest are told as a number", () => {
  const told = vi.fn();
  const pace = new Pace(told);
  const admitted = Array.from({ length: 100 }, () => pace.admits("normal", 0));
  expect(admitted.filter(Boolean)).toHaveLength(4);
  vi.advanceTimersByTime(1_000);
  expect(told.mock.calls).toEqual([[96]]);
  expect(pace.admits("normal", 1_499)).toBe(false);
  expect(pace.admits("normal", 1_501)).toBe(true);
  expect(pace.admits("normal", 1_501)).toBe(false);
});

test("after a pause of whatever length no more pass at once than at first", () => {
  const pace = new Pace(() => {});
  for (let n = 0; n < 10; n++) pace.admits("low", 0);
  expect(Array.from({ length: 10 }, () => pace.admits("low", 3_600_000)).filter(Boolean)).toHaveLength(4);
});

test("what matters does not wait behind what does not", () => {
  const pace = new Pace(() => {});
  for (let n = 0; n < 100; n++) pace.admits("low", 0);
  expect(pace.admits("urgent", 0)).toBe(true);
});

test("numbers are told as differences, each one once, and not after the end", () => {
  const told = vi.fn();
  const pace = new Pace(told);
  pace.add();
  pace.add();
  vi.advanceTimersByTime(10_000);
  pace.add();
  vi.advanceTimersByTime(10_000);
  pace.add();
  pace.stop();
  vi.advanceTimersByTime(10_000);
  expect(told.mock.calls).toEqual([[2], [1]]);
});
