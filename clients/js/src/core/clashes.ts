/** Which of the user's unanswered actions were overtaken by what was changed elsewhere meanwhile. */
import type { Notification, ServerPayloads } from "../generated/wire";
import { agreement, effect, isMeant } from "./item";
import { concerns, type Row } from "./rows";

type Updated = ServerPayloads["notification_updated"];

export interface Clash {
  row: Row;
  /** Of its ids, those that were overtaken. */
  ids: string[];
}

/**
 * The actions that contradict an update.
 *
 * Actions that say the same are no contradiction, nor is an echo of an action of ours that went out
 * without being answered.
 *
 * @param base what is held, from before the update.
 * @param tab this one: of others it is not known what they have sent.
 */
export function clashesOf(
  rows: readonly Row[],
  base: ReadonlyMap<string, Notification>,
  updated: Updated,
  tab: string,
): Clash[] {
  if (rows.length === 0) return [];
  const limit = updated.before ? base.get(updated.before) : undefined;
  const sent = maybeSent(rows, tab);
  const stand = (row: Row, held: Notification) =>
    agreement(row.verb, effect(row.verb, row.at, row.detail), updated.changes, held);
  const isEcho = (row: Row, held: Notification) =>
    sent.some((one) => one !== row && concerns(one, held.id) && stand(one, held) === "same");
  const isOvertaken = (row: Row, held: Notification | undefined) =>
    held && isMeant(held, updated, limit) && stand(row, held) === "contrary" && !isEcho(row, held);
  return rows
    .map((row) => ({ row, ids: row.ids.filter((id) => isOvertaken(row, base.get(id))) }))
    .filter(({ ids }) => ids.length > 0);
}

/** Each tab sends one after the other, so of another tab only the first can have gone out. */
function maybeSent(rows: readonly Row[], tab: string): Row[] {
  const known = new Set([tab]);
  return rows.filter((row) => {
    const isFirst = !known.has(row.tab);
    known.add(row.tab);
    return isFirst || row.isSent;
  });
}
