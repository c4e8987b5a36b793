/** An action on its way to the server: one row of the outbox. */
import type { ClientPayloads } from "../generated/wire";
import type { Refusal, Verb } from "./types";

export interface RowDetail {
  /** snooze: always a moment, so that sending it late or twice changes nothing. */
  until?: string;
  /** clicked: which button. */
  action?: string;
  /** mark_all_read: narrowed to these. */
  type?: string;
  tags?: string[];
  /** mark_all_read: this one and older; what came later stays unread. */
  before?: string;
  /** subscribe, unsubscribe. */
  types?: string[];
}

export interface Row {
  /** Names it in all tabs. */
  readonly key: string;
  /** The tab that sends it; should that tab be gone, another one does. */
  readonly tab: string;
  readonly verb: Verb;
  /** What it changes at once. */
  readonly ids: readonly string[];
  readonly detail: RowDetail;
  /** When the person did it, RFC 3339. */
  readonly at: string;
  /** It went out at least once, so the server may have carried it out. */
  readonly isSent: boolean;
}

/** How an action ended. */
export interface Settled {
  key: string;
  /** null: it was carried out. */
  refusal: Refusal | null;
  /** Of its ids, those that the server does not know. */
  unknown: readonly string[];
  /** The person was told of a refusal. */
  isTold: boolean;
}

/** The most ids that the server takes at once. */
export const BATCH = 500;

type Single = "acknowledge" | "clicked";
const SINGLE: ReadonlySet<Verb> = new Set<Verb & Single>(["acknowledge", "clicked"]);

/** What of the event's payload the row comes to. */
export function payloadOf({ verb, ids, detail }: Row): ClientPayloads[Verb] {
  if (verb === "subscribe" || verb === "unsubscribe") return { types: detail.types ?? [] };
  if (verb === "mark_all_read") {
    const { type, tags, before } = detail;
    return { ...(type && { type }), ...(tags?.length && { tags }), ...(before && { before }) };
  }
  const { until, action } = detail;
  const one = SINGLE.has(verb) || ids.length === 1 ? { notification_id: ids[0]! } : { ids: [...ids] };
  return { ...one, ...(until && { until }), ...(action && { action }) };
}

/** Ids in portions that one event takes. */
export function portions(verb: Verb, ids: readonly string[]): string[][] {
  const size = SINGLE.has(verb) ? 1 : BATCH;
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, at) =>
    ids.slice(at * size, (at + 1) * size),
  );
}

/** The ids of a row, to look up: a row may mean thousands. */
const idSets = new WeakMap<Row, ReadonlySet<string>>();

export function concerns(row: Row, id: string): boolean {
  let ids = idSets.get(row);
  if (ids === undefined) idSets.set(row, (ids = new Set(row.ids)));
  return ids.has(id);
}
