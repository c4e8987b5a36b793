/**
 * Writes src/generated/wire.ts from the server's own description: docs/wire.json and what
 * `notify-server openapi` prints. `--check` writes nothing and fails when the file has drifted.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const OUT = fileURLToPath(new URL("../src/generated/wire.ts", import.meta.url));
const PYTHON = process.env.NOTIFY_PYTHON || join(ROOT, ".venv/bin/python");

/** Schemas that a client uses; those that they refer to come along. */
const SCHEMAS = ["Notification", "Page", "Subscriptions", "Submission", "Problem", "BatchDone"];
/** Where the answer's schema only says "object": the submission's says what is in it. */
const AS_SUBMITTED = ["object", "sender", "actions", "media"];
/** Members of server events whose examples do not show the whole type. */
const MEMBERS = {
  notification: "Incoming",
  changes: "Changes",
  types: 'Subscriptions["types"]',
  "notification_removed.reason": '"deleted" | "expired" | "cancelled"',
};
/** Events of the admin line: not a client's. */
const ADMIN_ONLY = new Set(["stats"]);
/** What is the person's own of a notification, and never in a frame for many. */
const OWN = [
  "status",
  "sort_at",
  "delivered_at",
  "seen_at",
  "is_read",
  "read_at",
  "clicked_at",
  "acknowledged_at",
  "is_dismissed",
  "dismissed_at",
  "pinned_at",
  "snoozed_until",
];

const wire = JSON.parse(readFileSync(join(ROOT, "docs/wire.json"), "utf8"));
const openapi = JSON.parse(
  execFileSync(PYTHON, ["-m", "notify_server", "openapi"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 << 20,
    env: { ...process.env, PYTHONPATH: ROOT },
  }),
);
const schemas = openapi.components.schemas;

/** The type that a JSON schema describes; `refs` collects the names it uses. */
function typeOf(schema, refs) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    refs.add(name);
    return name;
  }
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return [...new Set(either.map((one) => typeOf(one, refs)))].join(" | ");
  const types = [schema.type ?? "unknown"].flat();
  return types.map((type) => typeOfOne(type, schema, refs)).join(" | ");
}

function typeOfOne(type, schema, refs) {
  if (type === "integer") return "number";
  if (type === "array") return `(${typeOf(schema.items ?? {}, refs)})[]`;
  if (type !== "object") return type;
  if (schema.properties) return members(schema, refs);
  const values = schema.additionalProperties;
  return `Record<string, ${values && values !== true ? typeOf(values, refs) : "unknown"}>`;
}

function members(schema, refs) {
  const required = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties).map(
    ([name, one]) => `${name}${required.has(name) ? "" : "?"}: ${typeOf(one, refs)};`,
  );
  return `{ ${lines.join(" ")} }`;
}

function notification(refs) {
  const { properties, required } = schemas.Notification;
  const precise = Object.fromEntries(
    AS_SUBMITTED.map((name) => [name, schemas.Submission.properties[name]]).filter(([, one]) => one),
  );
  return members({ properties: { ...properties, ...precise }, required }, refs);
}

function apiTypes() {
  const done = new Map();
  const open = new Set(SCHEMAS);
  for (const name of open) {
    const type = name === "Notification" ? notification(open) : typeOf(schemas[name], open);
    done.set(name, type);
  }
  return [...done].map(([name, type]) =>
    type.startsWith("{") ? `export interface ${name} ${type}` : `export type ${name} = ${type};`,
  );
}

/** The type of a field, from the words that wire.json describes it with. */
function fieldType(words) {
  const list = /^list of (?:at most \d+: )?(.*)$/.exec(words);
  if (list) return `(${fieldType(list[1] === "user ids" ? "text" : list[1])})[]`;
  if (words.startsWith("low | ")) return "Priority";
  if (/^(text|id|URL|time)\b/.test(words)) return "string";
  if (/^(whole number|seconds)\b/.test(words)) return "number";
  if (words === "boolean") return "boolean";
  throw new Error(`scripts/gen-types.mjs does not know the type ${JSON.stringify(words)}`);
}

function fields(described) {
  const lines = Object.entries(described).map(([name, { type, required }]) =>
    required ? `${name}: ${fieldType(type)};` : `${name}?: ${fieldType(type)} | null;`,
  );
  return `{ ${lines.join(" ")} }`;
}

/** The type that all examples have in common; what some lack is optional. */
function inferred(event, examples) {
  const names = [...new Set(examples.flatMap((one) => Object.keys(one)))];
  const lines = names.map((name) => {
    const sample = examples.find((one) => name in one)[name];
    const type = MEMBERS[`${event}.${name}`] ?? MEMBERS[name] ?? exampleType(sample);
    return `${name}${examples.every((one) => name in one) ? "" : "?"}: ${type};`;
  });
  return `{ ${lines.join(" ")} }`;
}

function exampleType(sample) {
  if (Array.isArray(sample)) return `(${exampleType(sample[0])})[]`;
  return typeof sample;
}

function serverEvents() {
  const examples = new Map();
  for (const { event, example } of wire.server_events) {
    if (!ADMIN_ONLY.has(event)) examples.set(event, [...(examples.get(event) ?? []), example]);
  }
  return [...examples].map(([event, all]) => `${event}: ${inferred(event, all)};`).join("\n");
}

const own = OWN.map((name) => JSON.stringify(name)).join(" | ");
const priorities = schemas.Notification.properties.priority.enum;
const text = `/* Generated by scripts/gen-types.mjs from docs/wire.json and the OpenAPI document; do not edit. */

/** Least to most urgent. */
export const PRIORITIES = ${JSON.stringify(priorities)} as const;
export type Priority = (typeof PRIORITIES)[number];

export type ErrorCode = ${Object.keys(wire.errors)
  .map((code) => JSON.stringify(code))
  .join(" | ")};

${apiTypes().join("\n\n")}

/** What is the person's own of a notification. */
export type OwnState = Pick<Notification, ${own}>;
export type Changes = Partial<OwnState>;
/** As frames bring it: one made for many carries nobody's own state. */
export type Incoming = Omit<Notification, keyof OwnState> & Partial<OwnState>;

/** What \`get_notifications\` and the list's HTTP call can be asked for. */
export interface ListQuery ${fields(wire.filters)}

/** Server to client: each event and its payload. */
export interface ServerPayloads { ${serverEvents()} }

/** Client to server: each event and its payload. */
export interface ClientPayloads { ${wire.client_events
  .map(({ event, fields: described }) => `${event}: ${fields(described)};`)
  .join("\n")} }
`;

const formatted = await format(text, { parser: "typescript", printWidth: 110 });
if (process.argv.includes("--check")) {
  const found = existsSync(OUT) ? readFileSync(OUT, "utf8") : "";
  if (found !== formatted) {
    console.error("src/generated/wire.ts has drifted from the server: run `npm run gen`.");
    process.exit(1);
  }
} else {
  writeFileSync(OUT, formatted);
}
