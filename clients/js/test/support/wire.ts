/** Notifications as the server sends them, and the fixtures that the Python tests read too. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Notification } from "../../src";
import type { Row } from "../../src/core/rows";

const FIXTURES = join(import.meta.dirname, "../../../../tests/wire/fixtures");

export interface Fixture {
  event?: string;
  direction: "server" | "client" | "answer";
  payload: any;
}

export const fixture = (name: string): Fixture =>
  JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), "utf8")) as Fixture;

export const fixtures = (): [string, Fixture][] =>
  readdirSync(FIXTURES).map((file) => [file, fixture(file.replace(/\.json$/, ""))]);

/** A moment `seconds` after a fixed one. */
export function at(seconds: number): string {
  return new Date(Date.UTC(2026, 0, 5, 12) + seconds * 1000).toISOString();
}

const SAMPLE = fixture("notification").payload.notification as Notification;

/** A notification, newer the higher the number in its id. */
export function note(id: string, fields: Partial<Notification> = {}): Notification {
  const moment = at(Number(id.replace(/\D/g, "")) || 0);
  return {
    ...SAMPLE,
    id,
    title: `Title ${id}`,
    created_at: moment,
    updated_at: moment,
    sort_at: moment,
    expires_at: null,
    type: "info",
    tags: [],
    ...fields,
  };
}

let rows = 0;

/** An action on its way. */
export function row(verb: Row["verb"], ids: string[], fields: Partial<Row> = {}): Row {
  return { key: `row-${++rows}`, tab: "tab", verb, ids, detail: {}, at: at(999), isSent: false, ...fields };
}
