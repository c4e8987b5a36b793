/** A bell with a list, as Novu's guide has it. */
import { createElement } from "react";
import { Inbox } from "@novu/react";

export const App = () => createElement(Inbox, { applicationIdentifier: "application", subscriber: "42" });
