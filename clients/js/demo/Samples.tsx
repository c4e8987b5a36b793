/** Code to copy: from this very server to a bell of one's own. */
import { useRef, useState } from "react";
import type { Session } from "./api";

/** Where this server is, as options of the client; paths only where it stands behind a base path. */
function place({ socket_path, api_url }: Session): Record<string, string> {
  const apiPath = new URL(api_url, location.href).pathname;
  const isMoved = socket_path !== "/socket.io/";
  return { url: location.origin, ...(isMoved && { path: socket_path, apiPath }) };
}

/** One word for a shell, whatever is in it: the user's name comes from the address. */
const quoted = (text: string) => (/^[\w.@:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function samples(session: Session, user: string): Record<string, string> {
  const body = { to: user, title: "Hello", message: "From my own program" };
  const options = Object.entries({ ...place(session), user });
  const token = '() => fetch("/notify-token").then((r) => r.text())';
  return {
    curl: `curl -X POST ${new URL(session.api_url, location.href).href}/notifications \\
  -H "Authorization: Bearer ${session.api_key}" \\
  -H "Content-Type: application/json" \\
  -d ${quoted(JSON.stringify(body))}`,
    React: `import { Bell, NotifyProvider } from "notify-client/components";
import "notify-client/style.css";

export const App = () => (
  <NotifyProvider
${options.map(([name, value]) => `    ${name}=${JSON.stringify(value)}`).join("\n")}
    getToken={${token}}
  >
    <Bell />
  </NotifyProvider>
);`,
    JavaScript: `import { createNotifyClient } from "notify-client";

const client = createNotifyClient({
${options.map(([name, value]) => `  ${name}: ${JSON.stringify(value)},`).join("\n")}
  getToken: ${token},
});
client.on("announce", ({ notification }) => console.log(notification.title));
await client.start();`,
    Shell: `.venv/bin/notify-server send --to ${quoted(user)} \\
  --title "Hello" --message "From a terminal" --watch`,
  };
}

export function Samples({ session, user }: { session: Session; user: string }) {
  const [chosen, setChosen] = useState("curl");
  const [said, setSaid] = useState("Copy");
  const code = useRef<HTMLPreElement>(null);
  const all = samples(session, user);
  const text = all[chosen] ?? "";
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      // Browsers keep the clipboard from pages that did not come over TLS: the reader's own key still works.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setSaid("Selected: press Ctrl+C");
    }
  }
  return (
    <section className="card samples" aria-labelledby="code">
      <h2 id="code">Code</h2>
      <div className="scenes" role="group" aria-label="Language of the sample">
        {Object.keys(all).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === chosen}
            onClick={() => {
              setChosen(name);
              setSaid("Copy");
            }}
          >
            {name}
          </button>
        ))}
      </div>
      <pre ref={code} tabIndex={0} aria-label={`${chosen} sample`}>
        {text}
      </pre>
      <button type="button" onClick={() => void copy()}>
        {said}
      </button>
    </section>
  );
}
