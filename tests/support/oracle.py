"""The verdict over a journal: what must never have happened, and what is only counted.

LOST: accepted, and missing from the list of somebody it was for, or never shown to them.
DUP_SHOWN: shown twice on one device in the same revision and ``sort_at`` (reminders aside), or one
submission that became two notifications. LEAK: a frame for somebody it was not for.
REORDER: first live frames of one connection and priority that came in another order than accepted.
DUP_WIRE: frames that a client had to drop; allowed, counted.
GHOST is asked of the server itself, when all have left.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass
class Verdict:
    """Findings by name; each list should be empty save for ``dup_wire``."""

    lost: list = field(default_factory=list)
    dup_shown: list = field(default_factory=list)
    leak: list = field(default_factory=list)
    reorder: list = field(default_factory=list)
    ghost: list = field(default_factory=list)
    dup_wire: int = 0
    frames: int = 0
    accepted: int = 0

    @property
    def clean(self):
        return not (self.lost or self.dup_shown or self.leak or self.reorder or self.ghost)

    def __str__(self):
        parts = [f"{self.accepted} accepted, {self.frames} frames, {self.dup_wire} double on wire"]
        for name in ("lost", "dup_shown", "leak", "reorder", "ghost"):
            found = getattr(self, name)
            if found:
                parts.append(f"{name.upper()} {len(found)}: {found[:5]}")
        return "; ".join(parts)


def judge(journal, ghosts=()):
    """The verdict over a whole run; call it after everybody has come back and listed."""
    verdict = Verdict(ghost=list(ghosts))
    audience_of = _audiences(journal, verdict)
    _lost(journal, verdict)
    _shown(journal, verdict)
    _wire(journal, verdict, audience_of)
    return verdict


def _audiences(journal, verdict):
    """Id → who may see it; also finds one submission that became two."""
    by_op = {record["op"]: record for record in journal.of("submit")}
    audience_of, ids_of = {}, defaultdict(set)
    for record in by_op.values():
        if record["id"]:
            audience_of[record["id"]] = set(record["audience"])
            ids_of[record["op"]].add(record["id"])
    for record in journal.of("wire") + journal.of("listed_item"):
        op = record.get("op")
        if op in by_op:
            ids_of[op].add(record["id"])
            audience_of.setdefault(record["id"], set(by_op[op]["audience"]))
    for op, ids in ids_of.items():
        if len(ids) > 1:
            verdict.dup_shown.append(("two notifications of one submission", op, sorted(ids)))
    return audience_of


def _lost(journal, verdict):
    listed = {(r["user"], r["id"]) for r in journal.of("listed_item")}
    shown = {(r["user"], r["id"]) for r in journal.of("shown")}
    excused = {r["id"] for r in journal.of("excused")}
    for record in journal.of("submit"):
        if not record["id"] or record["id"] in excused:
            continue
        verdict.accepted += 1
        for user in record["audience"]:
            if (user, record["id"]) not in listed:
                verdict.lost.append(("not listed", user, record["op"], record["id"]))
            if (user, record["id"]) not in shown:
                verdict.lost.append(("not shown", user, record["op"], record["id"]))


def _shown(journal, verdict):
    returned = {(r["user"], r["id"]) for r in journal.of("snoozed")}
    seen = Counter()
    for record in journal.of("shown"):
        if record["reminder"]:
            continue
        sort_at = record["sort_at"] if (record["user"], record["id"]) in returned else None
        seen[record["device"], record["id"], record["revision"], sort_at] += 1
    verdict.dup_shown += [key for key, times in seen.items() if times > 1]


def _wire(journal, verdict, audience_of):
    newest = {}
    for record in journal.of("wire"):
        verdict.frames += 1
        verdict.dup_wire += record["dropped"]
        allowed = audience_of.get(record["id"])
        if allowed is not None and record["user"] not in allowed:
            verdict.leak.append((record["user"], record["op"], record["id"]))
        if record["replayed"] or record["attempt"] or record["reminder"] or record["revision"] > 1:
            continue
        place = (record["device"], record["connection"], record["priority"])
        if record["id"] < newest.get(place, ""):
            verdict.reorder.append((*place, newest[place], record["id"]))
        newest[place] = max(record["id"], newest.get(place, ""))
