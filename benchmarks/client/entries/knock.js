/** A bell with a list, as Knock's guide has it. */
import { createElement, Fragment, useRef, useState } from "react";
import {
  KnockFeedProvider,
  KnockProvider,
  NotificationFeedPopover,
  NotificationIconButton,
} from "@knocklabs/react";
import "@knocklabs/react/dist/index.css";

function Bell() {
  const [isVisible, setVisible] = useState(false);
  const buttonRef = useRef(null);
  return createElement(
    Fragment,
    null,
    createElement(NotificationIconButton, { ref: buttonRef, onClick: () => setVisible(!isVisible) }),
    createElement(NotificationFeedPopover, { buttonRef, isVisible, onClose: () => setVisible(false) }),
  );
}

export const App = () =>
  createElement(
    KnockProvider,
    { apiKey: "key", user: { id: "42" }, userToken: "token" },
    createElement(KnockFeedProvider, { feedId: "feed" }, createElement(Bell)),
  );
