/** What each component of the package stands in: the shared props, and nothing left of another user. */
import { Fragment, type ReactNode } from "react";
import { useNotifyClient } from "../react/context";
import { NotifyUi, type UiOptions } from "./ui";

const keys = new WeakMap<object, number>();
let made = 0;

function keyOf(client: object): number {
  let key = keys.get(client);
  if (key === undefined) keys.set(client, (key = ++made));
  return key;
}

/** With another client everything in it starts anew: what one person typed or chose is not the next one's. */
export function Frame({ children, ...ui }: UiOptions & { children: ReactNode }) {
  const client = useNotifyClient();
  return (
    <NotifyUi {...ui}>
      <Fragment key={keyOf(client)}>{children}</Fragment>
    </NotifyUi>
  );
}
