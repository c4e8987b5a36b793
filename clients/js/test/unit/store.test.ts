import { describe, expect, test } from "vitest";
import {
  announced,
  caughtUp,
  connected,
  counted,
  EFFECTS,
  EMPTY,
  isMissing,
  KEPT,
  listed,
  receive,
  remove,
  update,
  visible,
} from "../../demo/store";
import { at, holding, item, sample } from "../support/samples";

const ids = (state: Parameters<typeof visible>[0]) => visible(state).map((held) => held.item.id);

describe("receive", () => {
  test("a notification that is not held is new", () => {
    const [state, verdict] = receive(EMPTY, { notification: sample("n1"), replayed: true });
    expect(verdict).toBe("new");
    expect(state.items.get("n1")).toMatchObject({ replayed: true, reminder: 0, shown: 0 });
  });

  test("the same revision and place again is a duplicate and changes nothing", () => {
    const state = holding(sample("n1"));
    const [next, verdict] = receive(state, { notification: sample("n1"), replayed: true, attempt: 2 });
    expect(verdict).toBe("duplicate");
    expect(next).toBe(state);
  });

  test("an older revision that comes late is a duplicate", () => {
    const state = holding(sample("n1", { revision: 3, title: "third" }));
    const [next, verdict] = receive(state, { notification: sample("n1", { revision: 2 }) });
    expect(verdict).toBe("duplicate");
    expect(item(next, "n1").title).toBe("third");
  });

  test("a reminder of what is held is told again, and its own state stays", () => {
    const state = announced(update(holding(sample("n1")), { ids: ["n1"], changes: { is_read: true } }), "n1");
    const [next, verdict] = receive(state, { notification: sample("n1"), reminder: 2 });
    expect(verdict).toBe("reminder");
    expect(next.items.get("n1")).toMatchObject({ reminder: 2, shown: 1 });
    expect(item(next, "n1").is_read).toBe(true);
  });

  test("a later revision without own state keeps the state that is held", () => {
    const read = { ids: ["n1"], changes: { is_read: true, pinned_at: at(5) } };
    const state = announced(update(holding(sample("n1")), read), "n1");
    const content = {
      id: "n1",
      revision: 2,
      title: "second",
      message: "",
      type: "info",
      priority: "high",
    } as const;
    const [next, verdict] = receive(state, { notification: { ...content, created_at: at(1) } });
    expect(verdict).toBe("revised");
    expect(item(next, "n1")).toMatchObject({
      title: "second",
      is_read: true,
      pinned_at: at(5),
      sort_at: at(1),
    });
    expect(next.items.get("n1")?.shown).toBe(0);
  });

  test("a later revision without own state of something unknown begins as new", () => {
    const content = {
      id: "n1",
      revision: 4,
      title: "t",
      message: "",
      type: "info",
      priority: "low",
    } as const;
    const [next, verdict] = receive(EMPTY, { notification: { ...content, created_at: at(1) } });
    expect(verdict).toBe("new");
    expect(item(next, "n1")).toMatchObject({ is_read: false, sort_at: at(1), snoozed_until: null });
  });

  test("what comes back from a snooze is new, in its new place", () => {
    const snoozed = { ids: ["n1"], changes: EFFECTS.snooze(at(2), 10) };
    const state = update(holding(sample("n1"), sample("n3")), snoozed);
    expect(ids(state)).toEqual(["n3"]);
    const back = sample("n1", { sort_at: at(12), snoozed_until: at(12) });
    const [next, verdict] = receive(state, { notification: back });
    expect(verdict).toBe("new");
    expect(ids(next)).toEqual(["n1", "n3"]);
  });

  test("a late retry does not bring back what was deleted", () => {
    const state = remove(holding(sample("n1")), { ids: ["n1"] });
    expect(receive(state, { notification: sample("n1"), attempt: 2 })).toEqual([state, "duplicate"]);
  });

  test("beyond the limit the oldest go, pinned ones last", () => {
    const all = Array.from({ length: KEPT + 5 }, (_, n) => sample(`n${n + 1000}`));
    const pinned = sample("n1", { pinned_at: at(0) });
    const state = holding(pinned, ...all);
    expect(state.items.size).toBe(KEPT);
    expect(state.items.has("n1")).toBe(true);
    expect(state.items.has("n1000")).toBe(false);
    expect(ids(state)[0]).toBe(`n${1000 + KEPT + 4}`);
  });
});

describe("announced", () => {
  test("counts within one revision, so that a second time can be seen", () => {
    const once = announced(holding(sample("n1")), "n1");
    expect(once.items.get("n1")?.shown).toBe(1);
    expect(announced(once, "n1").items.get("n1")?.shown).toBe(2);
  });
});

describe("update", () => {
  test("by ids changes these only", () => {
    const state = update(holding(sample("n1"), sample("n2")), { ids: ["n2"], changes: { is_read: true } });
    expect([item(state, "n1").is_read, item(state, "n2").is_read]).toEqual([false, true]);
  });

  test("all before an id changes it and what stands below it in the list", () => {
    const returned = sample("n1", { sort_at: at(50) });
    const state = update(holding(returned, sample("n2"), sample("n3")), {
      all: true,
      before: "n2",
      changes: { is_read: true },
    });
    expect(["n1", "n2", "n3"].map((id) => item(state, id).is_read)).toEqual([false, true, false]);
  });

  test("all before an id that is not held goes by the order of ids", () => {
    const changes = { is_read: true };
    const state = update(holding(sample("n1"), sample("n3")), { all: true, before: "n2", changes });
    expect(["n1", "n3"].map((id) => item(state, id).is_read)).toEqual([true, false]);
  });

  test("all of a type or with one of the tags changes these only", () => {
    const state = holding(
      sample("n1", { type: "error", tags: ["a", "b"] }),
      sample("n2", { type: "error", tags: ["a"] }),
      sample("n3", { tags: ["a", "b"] }),
      sample("n4", { type: "error", tags: ["c"] }),
    );
    const everything = update(state, { all: true, before: null, changes: { is_read: true } });
    expect(["n1", "n2", "n3"].map((id) => item(everything, id).is_read)).toEqual([true, true, true]);
    const next = update(state, { all: true, type: "error", tags: ["a", "b"], changes: { is_read: true } });
    expect(["n1", "n2", "n3", "n4"].map((id) => item(next, id).is_read)).toEqual([true, true, false, false]);
  });

  test("dismissed ones leave the list, restored ones return", () => {
    const dismissed = update(holding(sample("n1")), { ids: ["n1"], changes: EFFECTS.dismiss(at(9)) });
    expect(ids(dismissed)).toEqual([]);
    const restored = { ids: ["n1"], changes: { is_dismissed: false, dismissed_at: null } };
    expect(ids(update(dismissed, restored))).toEqual(["n1"]);
  });

  test("what is restored but not held is missing, what was deleted is not", () => {
    const state = remove(holding(sample("n1"), sample("n2")), { ids: ["n2"] });
    const restored = (id: string) => ({ ids: [id], changes: { is_dismissed: false } });
    expect(["n1", "n2", "n3"].map((id) => isMissing(state, restored(id)))).toEqual([false, false, true]);
    expect(isMissing(state, { ids: ["n3"], changes: { is_read: true } })).toBe(false);
  });
});

describe("cursor", () => {
  test("moves with counts only after the replay is over", () => {
    const count = { count: 2, unseen: 1, more: false };
    const before = counted(connected({ ...EMPTY, cursor: "old" }), { ...count, cursor: "early" });
    expect(before).toMatchObject({ cursor: "old", count });
    const after = counted(caughtUp(before, "done"), { ...count, cursor: "newer" });
    expect(after.cursor).toBe("newer");
  });
});

describe("listed", () => {
  test("takes what the server has, and lets go of what it no longer has", () => {
    const state = holding(sample("n1"), sample("n2"), sample("n3"));
    const list = [sample("n3", { is_read: true }), sample("n4")];
    const next = listed(state, list, state.items, true);
    expect(ids(next)).toEqual(["n4", "n3"]);
    expect(item(next, "n3").is_read).toBe(true);
  });

  test("keeps what is older than an incomplete list, and what came meanwhile", () => {
    const asked = holding(sample("n1"), sample("n3"));
    const meanwhile = receive(asked, { notification: sample("n9") })[0];
    const next = listed(meanwhile, [sample("n5"), sample("n2")], asked.items, false);
    expect(ids(next)).toEqual(["n9", "n5", "n2", "n1"]);
  });

  test("does not put an older revision over a newer one, nor bring back the deleted", () => {
    const state = remove(holding(sample("n1", { revision: 2 }), sample("n2")), { ids: ["n2"] });
    const next = listed(state, [sample("n1"), sample("n2")], state.items, true);
    expect(item(next, "n1").revision).toBe(2);
    expect(next.items.has("n2")).toBe(false);
  });
});

test("every action changes what the contract says follows from it", () => {
  const now = at(3);
  expect(EFFECTS.acknowledge(now)).toMatchObject({ acknowledged_at: now, is_read: true, seen_at: now });
  expect(EFFECTS.clicked(now)).toMatchObject({ clicked_at: now, is_read: true, seen_at: now });
  expect(EFFECTS.dismiss(now)).toMatchObject({ is_dismissed: true, seen_at: now });
  expect(EFFECTS.snooze(now, 10)).toEqual({ snoozed_until: at(13) });
});
