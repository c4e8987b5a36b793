import { describe, expect, test } from "vitest";
import { ago, badge, bellLabel, day, percent, safeLink } from "../../demo/format";
import { at } from "../support/samples";

const SITE = "https://site.example/demo/";

describe("safeLink", () => {
  test.each([
    ["https://else.example/a", "https://else.example/a"],
    ["http://else.example/", "http://else.example/"],
    ["mailto:a@b.example", "mailto:a@b.example"],
    ["/tasks/123", "https://site.example/tasks/123"],
    ["next", "https://site.example/demo/next"],
  ])("%s is followed", (text, href) => {
    expect(safeLink(text, SITE)).toBe(href);
  });

  // S13
  test.each([
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://site.example/1",
    "//evil.example/",
    "/\\evil.example/",
    "https://",
    "",
    null,
    undefined,
  ])("%j is not", (text) => {
    expect(safeLink(text, SITE)).toBeNull();
  });
});

test("counts above 99 are cut on the bell, and told in full to a screen reader", () => {
  expect([badge(0), badge(99), badge(100)]).toEqual(["0", "99", "99+"]);
  expect(bellLabel(120, false)).toBe("Notifications, 120 unread");
  expect(bellLabel(1000, true)).toBe("Notifications, more than 1000 unread");
  expect(bellLabel(0, false)).toBe("Notifications, none unread");
});

test("times are told in the largest unit that fits", () => {
  const now = Date.parse(at(0));
  const told = [0, 59, 60, 7200, 3 * 86_400].map((seconds) => ago(at(-seconds), now));
  expect(told).toEqual(["now", "now", "1m ago", "2h ago", "3d ago"]);
  expect(ago(at(30), now)).toBe("now");
});

test("days are named from today backwards", () => {
  const noon = new Date(2026, 2, 4, 12).getTime();
  const hoursAgo = (hours: number) => new Date(noon - hours * 3_600_000).toISOString();
  expect([1, 20, 49].map((hours) => day(hoursAgo(hours), noon))).toEqual([
    "Today",
    "Yesterday",
    "Monday, March 2",
  ]);
});

test("progress is read from percent or progress, and stays between 0 and 100", () => {
  const told = [
    { percent: 40 },
    { progress: 250 },
    { percent: -3 },
    { percent: "40" },
    { percent: NaN },
    {},
    undefined,
  ];
  expect(told.map(percent)).toEqual([40, 100, 0, null, null, null, null]);
});
