/** The page's HTTP calls: its session, and sending as an internal service would. */
import type { Submission } from "../src";

/** What `/demo/session` gives. */
export interface Session {
  user: string;
  token: string;
  api_key: string;
  socket_path: string;
  api_url: string;
}

export interface Accepted {
  id: string;
  status: string;
  revision: number;
}

interface ProblemBody {
  title?: string;
  detail?: string;
  code?: string;
  errors?: { path: string; message: string }[];
}

/** The server refused: its code, its words, and each fault with its path. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly body: ProblemBody,
    /** How long to wait before trying again; 0: not said. */
    readonly retryAfterMs: number,
  ) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
  }

  /** All of it, a line per fault. */
  get lines(): string[] {
    const faults = (this.body.errors ?? []).map(({ path, message }) => `${path || "body"}: ${message}`);
    return [`${this.status} ${this.body.code ?? ""} ${this.message}`.replace(/\s+/g, " "), ...faults];
  }
}

async function parsed<T>(response: Response): Promise<T> {
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  const body: unknown = isJson ? await response.json() : {};
  if (response.ok) return body as T;
  throw new Problem(
    response.status,
    body as ProblemBody,
    1000 * Number(response.headers.get("Retry-After") ?? 0),
  );
}

export async function fetchSession(user: string, roles: string): Promise<Session> {
  const query = new URLSearchParams({ user, roles: roles.replace(/\s+/g, "") });
  return parsed(await fetch(`./session?${query}`, { cache: "no-store" }));
}

export async function submit(session: Session, submission: Submission): Promise<Accepted> {
  const base = new URL(session.api_url, location.href).pathname.replace(/\/+$/, "");
  const response = await fetch(`${base}/notifications`, {
    method: "POST",
    headers: { Authorization: `Bearer ${session.api_key}`, "Content-Type": "application/json" },
    body: JSON.stringify(submission),
  });
  return parsed(response);
}
