/** Sends notifications as an internal service would, and shows the answer as it came. */
import { useRef, useState, type FormEvent } from "react";
import { PRIORITIES, type Submission } from "../src";
import { Problem, submit, type Session } from "./api";
import { SCENES } from "./scenes";

const TYPES = [
  "success",
  "info",
  "warning",
  "error",
  "alert",
  "security",
  "system",
  "user_action",
  "progress_update",
  "admin",
];

/** What a target field's text means. */
const TARGETS: Readonly<Record<string, (name: string) => Submission["to"]>> = {
  user: (name) => ({ user: name }),
  role: (name) => ({ role: name }),
  room: (name) => ({ room: name }),
  everyone: () => ({ all: true }),
};

interface Answer {
  isGood: boolean;
  lines: string[];
}

function read(form: HTMLFormElement): Submission {
  const fields = new FormData(form);
  const text = (name: string) => String(fields.get(name) ?? "");
  const target = TARGETS[text("kind")] ?? TARGETS.user!;
  return {
    to: target(text("target")),
    title: text("title"),
    message: text("message"),
    type: text("type"),
    priority: text("priority") as Submission["priority"],
    requires_acknowledgment: fields.has("requires_acknowledgment"),
    persist: fields.has("persist"),
    ...(text("action_url") && { action_url: text("action_url") }),
  };
}

export function Sender({ session, users }: { session: Session; users: readonly string[] }) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [running, setRunning] = useState("");
  const [kind, setKind] = useState("user");
  const target = useRef<HTMLInputElement>(null);
  const user = users[0] ?? "";

  async function deliver(submission: Submission): Promise<void> {
    try {
      const { id, status, revision } = await submit(session, submission);
      setAnswer({ isGood: true, lines: [`202 ${status}, revision ${revision}`, id] });
    } catch (error) {
      const lines = error instanceof Problem ? error.lines : [`Not sent: ${(error as Error).message}`];
      setAnswer({ isGood: false, lines });
    }
  }
  async function play(name: string): Promise<void> {
    setRunning(name);
    for await (const submission of SCENES[name]!()) {
      await deliver({ ...submission, to: users.map((one) => ({ user: one })) });
    }
    setRunning("");
  }
  function send(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    void deliver(read(event.currentTarget));
  }

  return (
    <section className="card sender" aria-labelledby="send">
      <h2 id="send">Send</h2>
      <div className="scenes" role="group" aria-label="Ready-made">
        {Object.keys(SCENES).map((name) => (
          <button key={name} type="button" disabled={running === name} onClick={() => void play(name)}>
            {name}
          </button>
        ))}
      </div>
      <form onSubmit={send} noValidate>
        <fieldset className="pair">
          <legend>To</legend>
          <select
            name="kind"
            aria-label="Kind of target"
            value={kind}
            onChange={(event) => setKind(event.target.value)}
          >
            {Object.keys(TARGETS).map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          {kind !== "everyone" && (
            <input
              ref={target}
              name="target"
              list="users"
              defaultValue={user}
              aria-label="Name of the target"
            />
          )}
          <datalist id="users">
            {users.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </fieldset>
        <label>
          Title
          <input name="title" defaultValue="Task complete" />
        </label>
        <label>
          Message
          <textarea
            name="message"
            rows={2}
            defaultValue="Your **caption task** has completed: 128 segments."
          />
        </label>
        <div className="halves">
          <label>
            Type
            <select name="type">
              {TYPES.map((one) => (
                <option key={one} value={one}>
                  {one.replaceAll("_", " ")}
                </option>
              ))}
            </select>
          </label>
          <label>
            Priority
            <select name="priority" defaultValue="normal">
              {PRIORITIES.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        </div>
        <label>
          Link
          <input name="action_url" placeholder="/tasks/123 or https://…" />
        </label>
        <label className="switch">
          <input type="checkbox" name="requires_acknowledgment" /> Ask for acknowledgment
        </label>
        <label className="switch">
          <input type="checkbox" name="persist" defaultChecked /> Store it
        </label>
        <button type="submit" className="primary">
          Send
        </button>
      </form>
      <output className="answer" data-good={answer?.isGood}>
        {answer?.lines.map((line) => (
          <span key={line}>{line}</span>
        ))}
      </output>
    </section>
  );
}
