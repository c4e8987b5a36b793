/** The demo: an application of this package, as anybody would write it. */
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { ar, de, en, NotifyUi, type Localization } from "../src/components";
import "../src/components/style.css";
import "./demo.css";
import { fetchSession, type Session } from "./api";
import { Pane } from "./Pane";
import { Samples } from "./Samples";
import { Sender } from "./Sender";

const LANGUAGES: Readonly<Record<string, Localization>> = { en, de, ar };
const query = new URLSearchParams(location.search);
const user = query.get("user") || "demo";
const roles = query.get("roles") ?? "";
const friend = query.get("with") || `${user}-colleague`;

type Theme = "auto" | "light" | "dark";

function Demo({ session }: { session: Session }) {
  const [language, setLanguage] = useState(query.get("lang") ?? "en");
  const [theme, setTheme] = useState<Theme>((query.get("theme") as Theme | null) ?? "auto");
  const [isTwo, setTwo] = useState(query.has("with") || innerWidth >= 1200);
  const words = LANGUAGES[language] ?? en;
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <NotifyUi localization={words} theme={theme}>
      <header className="top">
        <h1>
          <img src="./favicon.svg" alt="" width="28" height="28" /> notify-server
        </h1>
        <nav aria-label="Server">
          <a href="../docs">API</a>
          <a href="../health/ready">Health</a>
          <a href="../metrics">Metrics</a>
        </nav>
        <label>
          <span>Language</span>
          <select value={language} onChange={(event) => setLanguage(event.target.value)}>
            <option value="en">English</option>
            <option value="de">Deutsch</option>
            <option value="ar">العربية</option>
          </select>
        </label>
        <label>
          <span>Theme</span>
          <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
            <option value="auto">System</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
        <label className="switch">
          <input type="checkbox" checked={isTwo} onChange={(event) => setTwo(event.target.checked)} /> Second
          user
        </label>
      </header>
      <main data-two={isTwo}>
        <div className="side">
          <Sender session={session} users={isTwo ? [user, friend] : [user]} />
          <Samples session={session} user={user} />
        </div>
        <Pane user={user} roles={roles} isMain />
        {isTwo && <Pane user={friend} roles="" />}
      </main>
    </NotifyUi>
  );
}

async function start(): Promise<void> {
  const root = createRoot(document.getElementById("root") as HTMLElement);
  try {
    const session = await fetchSession(user, roles);
    root.render(
      <StrictMode>
        <Demo session={session} />
      </StrictMode>,
    );
  } catch (error) {
    root.render(
      <p className="fatal" role="alert">
        The server gave no session: {(error as Error).message}
      </p>,
    );
  }
}

void start();
