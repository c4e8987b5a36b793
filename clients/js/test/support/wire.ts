/** Notifications as the server sends them, and the fixtures that the Python tests read too. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Notification } from "../../src";
import type { Row } from "../../src/core/rows";
import { at } from "./samples";

const FIXTURES = fileURLToPath(new URL("../../../../tests/wire/fixtures/", import.meta.url));

export interface Fixture {
  event?: string;
  direction: "server" | "client" | "answer";
  payload: any;
}

export const fixture = (name: string): Fixture =>
  JSON.parse(readFileSync(`${FIXTURES}${name}.json`, "utf8")) as Fixture;

export const fixtures = (): [string, Fixture][] =>
  readdirSync(FIXTURES).map((file) => [file, fixture(file.replace(/\.json$/, ""))]);

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
