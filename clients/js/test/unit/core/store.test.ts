import { beforeEach, describe, expect, test } from "vitest";
import type { ServerPayloads } from "../../../src";
import { clashesOf } from "../../../src/core/clashes";
import { HELD, Store } from "../../../src/core/store";
import { at, fixture, fixtures, note, row } from "../../support/wire";

let store: Store;
beforeEach(() => {
  store = new Store();
});

const clashesWith = (updated: ServerPayloads["notification_updated"], tab: string) =>
  clashesOf(store.rows, store.base, updated, tab);
const ids = () => store.sorted.map((item) => item.id);
const receive = (...notes: ReturnType<typeof note>[]) =>
  notes.map((notification) => store.receive({ notification }));
const count = (unread: number, unseen = unread, more = false) =>
  store.counted({ count: unread, unseen, more });

describe("receiving", () => {
  test("what is held in that revision and place is dropped, anything else is not", () => {
    const back = note("a1", { sort_at: at(50) });
    expect(receive(note("a1"), note("a1"))).toEqual(["new", "duplicate"]);
    expect(receive(note("a1", { revision: 2 }), note("a1"))).toEqual(["revised", "duplicate"]);
    expect(receive({ ...back, revision: 2 }, { ...back, revision: 2 })).toEqual(["new", "duplicate"]);
  });

  test("a reminder passes, and changes nothing that is held", () => {
    receive(note("a1"));
    const frame = { notification: note("a1", { is_read: true }), reminder: 1 };
    expect(store.receive(frame)).toBe("reminder");
    expect(store.shown.get("a1")?.is_read).toBe(false);
  });

  test("a later revision for many leaves the user's own state", () => {
    const { id } = fixture("notification").payload.notification;
    store.receive(fixture("notification").payload);
    store.update({ ids: [id], changes: { is_read: true, pinned_at: at(5) } });
    const frame = structuredClone(fixture("notification_revision").payload);
    frame.notification.revision = 2;
    frame.notification.title = "Later";
    expect(store.receive(frame)).toBe("revised");
    expect(store.shown.get(id)).toMatchObject({ title: "Later", is_read: true, pinned_at: at(5) });
    expect(store.shown.get(id)?.sort_at).toBe(fixture("notification").payload.notification.sort_at);
  });

  test("the newest sort_at comes first, whatever the order of arrival", () => {
    receive(note("a2"), note("a9"), note("a1"), note("a5", { sort_at: at(1000) }));
    expect(ids()).toEqual(["a5", "a9", "a2", "a1"]);
    store.receive({ notification: note("a1", { sort_at: at(2000) }) });
    expect(ids()).toEqual(["a1", "a5", "a9", "a2"]);
  });

  test("what was removed does not come back with a late retry", () => {
    receive(note("a1"));
    store.remove(["a1"]);
    expect(receive(note("a1"))).toEqual(["duplicate"]);
    expect(ids()).toEqual([]);
  });

  test("every server event of the shared fixtures is taken", () => {
    const takers: Record<string, (payload: any) => void> = {
      notification: (payload) => store.receive(payload),
      notification_count: (payload) => store.counted(payload),
      notification_updated: (payload) => store.update(payload),
      notification_removed: (payload) => store.remove(payload.ids),
      subscriptions_updated: (payload) => store.setTypes(payload.types),
    };
    const taken = fixtures().filter(([, { event, direction }]) => direction === "server" && event! in takers);
    for (const [, { event, payload }] of taken) takers[event!]!(payload);
    expect(new Set(taken.map(([, { event }]) => event))).toEqual(new Set(Object.keys(takers)));
    expect(store.types).toEqual(fixture("subscriptions_updated").payload.types);
    expect(store.counts.unread).toBe(fixture("notification_count").payload.count);
  });

  test("too many held: the oldest are given up, pinned ones stay", () => {
    receive(note("a1", { pinned_at: at(1) }));
    for (let i = 2; i <= HELD + 1; i++) store.receive({ notification: note(`a${i}`) });
    expect(store.sorted.length).toBeLessThan(HELD);
    expect(store.shown.has("a1")).toBe(true);
    expect(store.shown.has("a2")).toBe(false);
    expect(store.cut).not.toBeNull();
  }, 60_000);
});

describe("updates from elsewhere", () => {
  test("all before one, of a type, with one of the tags", () => {
    receive(note("a1"), note("a2", { type: "alert" }), note("a3", { tags: ["x", "y"] }), note("a4"));
    const changes = { is_read: true };
    store.update({ all: true, before: "a3", changes });
    expect([...store.shown.values()].map((item) => item.is_read)).toEqual([true, true, true, false]);
    receive(note("b5", { type: "alert" }), note("b6", { tags: ["y"] }));
    store.update({ all: true, type: "alert", changes });
    store.update({ all: true, tags: ["y", "z"], changes });
    expect(store.shown.get("b5")?.is_read && store.shown.get("b6")?.is_read).toBe(true);
    expect(store.shown.get("a4")?.is_read).toBe(false);
  });

  test("what comes back into the list and is not held is missed", () => {
    receive(note("a1"));
    expect(store.lacks({ ids: ["a2"], changes: { is_dismissed: false } })).toBe(true);
    expect(store.lacks({ ids: ["a1"], changes: { is_dismissed: false } })).toBe(false);
    expect(store.lacks({ ids: ["a2"], changes: { is_read: true } })).toBe(false);
  });
});

describe("counts", () => {
  test("a new one counts until the server has counted", () => {
    count(3);
    receive(note("a1"));
    expect(store.counts).toEqual({ unread: 4, unseen: 4, more: false });
    expect(store.keptCounts).toEqual(store.counts);
    count(3);
    expect(store.counts.unread).toBe(3);
  });

  test("what is replayed or tried again was counted already", () => {
    count(2);
    store.receive({ notification: note("a1"), replayed: true });
    store.receive({ notification: note("a2"), attempt: 2 });
    expect(store.counts.unread).toBe(2);
    receive(note("a3"));
    expect(store.counts.unread).toBe(3);
    store.endGuess();
    expect(store.counts.unread).toBe(2);
  });

  test("own actions count at once, and nothing jumps when the server has carried them out", () => {
    receive(note("a1"), note("a2"));
    count(2);
    const read = row("mark_read", ["a1"]);
    store.addRow(read);
    expect(store.counts.unread).toBe(1);
    store.commitRow(read.key, false);
    expect(store.counts.unread).toBe(1);
    count(1);
    expect(store.counts.unread).toBe(1);
  });

  test("a count that came before the answer is not corrected a second time", () => {
    receive(note("a1"), note("a2"));
    count(2);
    const read = row("mark_read", ["a1"]);
    store.addRow(read);
    count(1);
    store.commitRow(read.key, true);
    expect(store.counts.unread).toBe(1);
  });

  test("never below zero, however many are read that the server has counted already", () => {
    receive(note("a1"), note("a2"), note("a3"));
    count(0);
    store.addRow(row("mark_read", ["a1", "a2", "a3"]));
    expect(store.counts).toEqual({ unread: 0, unseen: 0, more: false });
    const all = row("mark_all_read", ["a1"]);
    store.addRow(all);
    store.commitRow(all.key, false);
    expect(store.counts.unread).toBe(0);
  });

  test("marking all leaves what came later", () => {
    receive(note("a1"), note("a2"));
    count(1000, 1000, true);
    store.addRow(row("mark_all_read", ["a1", "a2"]));
    expect(store.counts).toEqual({ unread: 0, unseen: 0, more: false });
    receive(note("a3"));
    expect(store.counts.unread).toBe(1);
  });

  test("beyond a thousand the server's word stands", () => {
    receive(note("a1"));
    count(1000, 900, true);
    store.addRow(row("mark_read", ["a1"]));
    expect(store.counts).toEqual({ unread: 1000, unseen: 900, more: true });
  });

  test("one of a type that is switched off counts for nothing, read or not", () => {
    store.setTypes({ quiet: { subscribed: false, required: false } });
    receive(note("a1"));
    store.receive({ notification: note("a2", { type: "quiet" }), replayed: true });
    count(1);
    store.addRow(row("mark_read", ["a2"]));
    expect(store.counts.unread).toBe(1);
    store.addRow(row("mark_read", ["a1"]));
    expect(store.counts.unread).toBe(0);
  });

  test("a snoozed or dismissed one is not unread", () => {
    receive(note("a1"), note("a2"));
    count(2);
    store.addRow(row("snooze", ["a1"], { detail: { until: at(99_999) } }));
    store.addRow(row("dismiss", ["a2"]));
    expect(store.counts.unread).toBe(0);
  });
});

describe("actions", () => {
  test("are shown at once, in order, and undone when refused", () => {
    receive(note("a1"));
    const [read, unread, pin] = [row("mark_read", ["a1"]), row("mark_unread", ["a1"]), row("pin", ["a1"])];
    for (const one of [read, unread, pin]) store.addRow(one);
    expect(store.shown.get("a1")).toMatchObject({ is_read: false, pinned_at: pin.at });
    store.dropRow(unread.key);
    expect(store.shown.get("a1")).toMatchObject({ is_read: true, pinned_at: pin.at });
    store.dropRow(pin.key);
    store.dropRow(read.key);
    expect(store.shown.get("a1")).toEqual(store.base.get("a1"));
    expect(store.base.get("a1")).toEqual(note("a1"));
  });

  test("a refused delete brings it back to its place", () => {
    receive(note("a1"), note("a2"), note("a3"));
    const gone = row("delete", ["a2"]);
    store.addRow(gone);
    expect(ids()).toEqual(["a3", "a1"]);
    store.dropRow(gone.key);
    expect(ids()).toEqual(["a3", "a2", "a1"]);
    store.addRow(gone);
    store.commitRow(gone.key, true);
    expect(receive(note("a2"))).toEqual(["duplicate"]);
  });

  test("a single id of many can be taken back", () => {
    receive(note("a1"), note("a2"));
    const both = row("mark_read", ["a1", "a2"]);
    store.addRow(both);
    store.dropRow(both.key, ["a1"]);
    expect(store.shown.get("a1")?.is_read).toBe(false);
    expect(store.shown.get("a2")?.is_read).toBe(true);
  });

  test("the moment of the first reading stays", () => {
    receive(note("a1", { is_read: true, read_at: at(1), seen_at: at(1) }));
    const click = row("clicked", ["a1"]);
    store.addRow(click);
    store.commitRow(click.key, true);
    expect(store.shown.get("a1")).toMatchObject({ read_at: at(1), clicked_at: click.at });
  });

  test("subscriptions show edits that are not yet sent, and lose them when refused", () => {
    expect(store.types).toBeNull();
    store.setTypes({ info: { subscribed: true, required: false } });
    const off = row("unsubscribe", [], { detail: { types: ["info"] } });
    store.addRow(off);
    expect(store.types?.info).toEqual({ subscribed: false, required: false });
    store.dropRow(off.key);
    expect(store.types?.info?.subscribed).toBe(true);
  });
});

describe("clashes with what was changed elsewhere", () => {
  const theirs = { ids: ["a1"], changes: { is_read: true } };

  test("the contrary is one, the same and another field are none", () => {
    receive(note("a1"));
    const unread = row("mark_unread", ["a1", "a2"]);
    for (const one of [unread, row("mark_read", ["a1"]), row("pin", ["a1"])]) store.addRow(one);
    expect(clashesWith(theirs, "tab")).toEqual([{ row: unread, ids: ["a1"] }]);
    expect(clashesWith({ ids: ["a9"], changes: { is_read: true } }, "tab")).toEqual([]);
  });

  test("a state that names every field clashes only by what changed", () => {
    receive(note("a1"));
    store.addRow(row("pin", ["a1"]));
    expect(clashesWith({ ids: ["a1"], changes: { is_read: true, pinned_at: null } }, "tab")).toEqual([]);
  });

  test("a snooze until another moment is one", () => {
    receive(note("a1"));
    const mine = row("snooze", ["a1"], { detail: { until: at(500) } });
    store.addRow(mine);
    expect(clashesWith({ ids: ["a1"], changes: { snoozed_until: at(600) } }, "tab")).toHaveLength(1);
    expect(clashesWith({ ids: ["a1"], changes: { snoozed_until: at(500) } }, "tab")).toEqual([]);
  });

  test("all being marked elsewhere is one too", () => {
    receive(note("a1"));
    store.addRow(row("mark_unread", ["a1"]));
    expect(clashesWith({ all: true, before: "a1", changes: { is_read: true } }, "tab")).toHaveLength(1);
  });

  test("of another tab the first may have gone out, so it may be an echo", () => {
    receive(note("a1"));
    const [read, unread] = [row("mark_read", ["a1"]), row("mark_unread", ["a1"])];
    for (const one of [read, unread]) store.addRow({ ...one, tab: "another" });
    expect(clashesWith(theirs, "tab")).toEqual([]);
    expect(clashesWith(theirs, "another")).toHaveLength(1);
  });

  test("the echo of an action of ours that went unanswered is none", () => {
    receive(note("a1"));
    store.addRow(row("mark_read", ["a1"], { isSent: true }));
    store.addRow(row("mark_unread", ["a1"]));
    expect(clashesWith(theirs, "tab")).toEqual([]);
  });
});

describe("a page of the list", () => {
  test("takes away what it should have shown, unless an event knew better meanwhile", () => {
    receive(note("a1"), note("a2"), note("a3"));
    store.listed([note("a1", { is_read: true })], ["a1", "a2", "a3"], new Set(["a3"]));
    expect(ids()).toEqual(["a3", "a1"]);
    expect(store.shown.get("a1")?.is_read).toBe(true);
  });

  test("never brings back an older revision, a removed one or an overtaken state", () => {
    receive(note("a1", { revision: 2, title: "Newer" }), note("a2"), note("a3"));
    store.remove(["a2"]);
    store.update({ ids: ["a3"], changes: { is_read: true } });
    store.listed([note("a1"), note("a2"), note("a3")], [], new Set(["a3"]));
    expect(store.shown.get("a1")?.title).toBe("Newer");
    expect(store.shown.has("a2")).toBe(false);
    expect(store.shown.get("a3")?.is_read).toBe(true);
  });
});

test("clearing leaves nothing of anybody", () => {
  receive(note("a1"));
  count(5);
  store.addRow(row("pin", ["a1"]));
  store.setTypes({ info: { subscribed: true, required: false } });
  store.clear();
  expect(ids()).toEqual([]);
  expect(store.rows).toEqual([]);
  expect(store.types).toBeNull();
  expect(store.counts).toEqual({ unread: 0, unseen: 0, more: false });
});
