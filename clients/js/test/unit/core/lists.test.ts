import { beforeEach, describe, expect, test } from "vitest";
import type { Filters, Notification } from "../../../src";
import { filterKey, matches } from "../../../src/core/filters";
import { Lists } from "../../../src/core/lists";
import { Store } from "../../../src/core/store";
import { at, note, row } from "../../support/wire";

let store: Store;
let lists: Lists;
beforeEach(() => {
  store = new Store();
  lists = new Lists(store);
});

const page = (items: Notification[], has_more: boolean) => ({
  items,
  page_info: { before: "older", after: null, has_more },
  meta: { total_count: items.length, more: false, unread_count: 0, unseen_count: 0 },
});
const ids = (filters: Filters = {}) => lists.state(filters).notifications.map((item) => item.id);

describe("filters", () => {
  test("the same filters have the same key", () => {
    expect(filterKey({ unread: true, type: "info" })).toBe(filterKey({ type: "info", unread: true }));
    expect(filterKey({ unread: false, q: "" })).toBe(filterKey({}));
  });

  const now = at(1000);
  const types = { info: { subscribed: false, required: false } };
  const cases: [string, Partial<Notification>, Filters, boolean][] = [
    ["nothing asked, nothing special", {}, {}, true],
    ["dismissed", { is_dismissed: true }, {}, false],
    ["dismissed, asked for", { is_dismissed: true }, { dismissed: true }, true],
    ["snoozed", { snoozed_until: at(5000) }, {}, false],
    ["snoozed, asked for", { snoozed_until: at(5000) }, { snoozed: true }, true],
    ["back from its snooze", { snoozed_until: at(500), sort_at: at(500) }, {}, true],
    ["expired", { expires_at: at(999) }, {}, false],
    ["not yet expired", { expires_at: at(1001) }, {}, true],
    ["read, unread asked for", { is_read: true }, { unread: true }, false],
    ["pinned asked for, is not", {}, { pinned: true }, false],
    ["pinned asked for, is", { pinned_at: at(1) }, { pinned: true }, true],
    ["of the type", { type: "alert" }, { type: "alert" }, true],
    ["of another type", {}, { type: "alert" }, false],
    ["of the source", { source: "s" }, { source: "s" }, true],
    ["with the tag", { tags: ["a", "b"] }, { tag: "b" }, true],
    ["without the tag", { tags: ["a"] }, { tag: "b" }, false],
    ["urgent enough", { priority: "urgent" }, { min_priority: "high" }, true],
    ["not urgent enough", { priority: "normal" }, { min_priority: "high" }, false],
    ["young enough", { sort_at: at(950) }, { max_age_s: 60 }, true],
    ["too old", { sort_at: at(930) }, { max_age_s: 60 }, false],
    ["all words, in any case", { title: "Big News", message: "today" }, { q: "TODAY big" }, true],
    ["not all words", { title: "Big News" }, { q: "big tomorrow" }, false],
    ["of a type that is switched off", {}, { subscribed: true }, false],
    ["critical, whatever is switched off", { priority: "critical" }, { subscribed: true }, true],
  ];
  test.each(cases)("%s", (_what, fields, filters, isShown) => {
    expect(matches(note("a1", fields), filters, now, types)).toBe(isShown);
  });
});

describe("a list", () => {
  test("is the same object until something of it changes", () => {
    store.receive({ notification: note("a1") });
    const before = lists.state({ unread: true });
    store.receive({ notification: note("a2", { is_read: true }) });
    expect(lists.state({ unread: true })).toBe(before);
    store.receive({ notification: note("a3") });
    expect(lists.state({ unread: true })).not.toBe(before);
    expect(ids({ unread: true })).toEqual(["a3", "a1"]);
  });

  test("ends where it would have gaps", () => {
    store.receive({ notification: note("a1", { type: "alert" }) });
    store.receive({ notification: note("a9") });
    store.receive({ notification: note("a8") });
    lists.listed(lists.main, page([note("a9"), note("a8")], true));
    expect(ids()).toEqual(["a9", "a8"]);
    expect(lists.state({}).hasMore).toBe(true);
    lists.listed(lists.of({ type: "alert" }), page([note("a1", { type: "alert" })], false));
    expect(ids({ type: "alert" })).toEqual(["a1"]);
    expect(ids()).toEqual(["a9", "a8"]);
    lists.listed(lists.main, page([], false));
    expect(ids()).toEqual(["a9", "a8", "a1"]);
    expect(lists.state({}).hasMore).toBe(false);
  });

  test("shows what is dismissed only where it is asked for, at once", () => {
    store.receive({ notification: note("a1") });
    store.addRow(row("dismiss", ["a1"]));
    expect(ids()).toEqual([]);
    expect(ids({ dismissed: true })).toEqual(["a1"]);
  });

  test("ends higher when old ones are given up", () => {
    for (const id of ["a1", "a2", "a3"]) store.receive({ notification: note(id) });
    lists.listed(lists.main, page([note("a3"), note("a2"), note("a1")], false));
    lists.cutAt(note("a2"));
    expect(ids()).toEqual(["a3", "a2"]);
    expect(lists.state({}).hasMore).toBe(true);
  });

  test("the newest page once more leaves it as deep as it was", () => {
    for (const id of ["a1", "a2", "a3", "a4"]) store.receive({ notification: note(id) });
    lists.listed(lists.main, page([note("a4"), note("a3")], true));
    lists.listed(lists.main, page([note("a2"), note("a1")], true));
    lists.listed(lists.main, page([note("a4"), note("a3")], true));
    expect(ids()).toEqual(["a4", "a3", "a2", "a1"]);
    lists.reset();
    lists.listed(lists.main, page([note("a4"), note("a3")], true));
    expect(ids()).toEqual(["a4", "a3"]);
  });

  test("of many searches the old ones are forgotten, what is watched is not", () => {
    const watched = lists.of({ q: "watched" });
    watched.watchers = 1;
    const [main, first] = [lists.main, lists.of({ q: "first" })];
    for (let i = 0; i < 200; i++) lists.of({ q: `search ${i}` });
    expect(lists.of({ q: "watched" })).toBe(watched);
    expect(lists.main).toBe(main);
    expect(lists.of({ q: "first" })).not.toBe(first);
  });

  test("an empty answer is an answer", () => {
    expect(lists.state({}).isLoaded).toBe(false);
    lists.listed(lists.main, page([], false));
    lists.touch(lists.main);
    expect(lists.state({})).toMatchObject({ isLoaded: true, hasMore: false, notifications: [] });
  });
});
