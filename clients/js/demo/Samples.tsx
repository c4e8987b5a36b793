/** Code to copy: from this very server to a bell of one's own. */
import { useState } from "react";
import type { Session } from "./api";

function samples({ api_key }: Session, user: string): Record<string, string> {
  const base = new URL("..", location.href).href.replace(/\/$/, "");
  const body = { to: user, title: "Hello", message: "From my own program" };
  return {
    curl: `curl -X POST ${base}/api/v1/notifications \\
  -H "Authorization: Bearer ${api_key}" \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify(body)}'`,
    React: `import { Bell, NotifyProvider } from "notify-client/components";
import "notify-client/style.css";

<NotifyProvider user={user.id} url="${base}" getToken={fetchToken}>
  <Bell />
</NotifyProvider>`,
    JavaScript: `import { createNotifyClient } from "notify-client";

const client = createNotifyClient({ user, url: "${base}", getToken: fetchToken });
client.on("announce", ({ notification }) => console.log(notification.title));
await client.start();`,
    Shell: `notify-server send --to ${user} \\
  --title "Hello" --message "From a terminal" --watch`,
  };
}

export function Samples({ session, user }: { session: Session; user: string }) {
  const [chosen, setChosen] = useState("curl");
  const [isCopied, setCopied] = useState(false);
  const all = samples(session, user);
  const text = all[chosen] ?? "";
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text);
    setCopied(true);
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
              setCopied(false);
            }}
          >
            {name}
          </button>
        ))}
      </div>
      <pre tabIndex={0} aria-label={`${chosen} sample`}>
        {text}
      </pre>
      <button type="button" onClick={() => void copy()}>
        {isCopied ? "Copied" : "Copy"}
      </button>
    </section>
  );
}
