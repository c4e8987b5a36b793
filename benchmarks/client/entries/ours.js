/** The five lines of clients/js/README.md. */
import { createElement } from "react";
import { Bell, NotifyProvider } from "notify-client/components";
import "notify-client/style.css";

export const App = () =>
  createElement(
    NotifyProvider,
    { url: "https://notify.example.com", user: "42", getToken: () => "token" },
    createElement(Bell),
  );
