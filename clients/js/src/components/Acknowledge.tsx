/** Asks for the confirmation that some notifications need, one after the other. */
import { useState } from "react";
import type { Notification } from "../generated/wire";
import { useNotifications } from "../react/hooks";
import { useActions } from "./actions";
import { Dialog } from "./Dialog";
import { Frame } from "./Frame";
import { Markdown } from "./Markdown";
import { split, useUi, type UiOptions } from "./ui";

export interface AcknowledgeDialogProps extends UiOptions {
  /** The least important that is asked for by itself; default urgent. Others wait in the list. */
  minPriority?: Notification["priority"];
}

/** Shows itself while something unconfirmed is held; "later" leaves it to the list, and a reminder. */
export function AcknowledgeDialog(props: AcknowledgeDialogProps) {
  const [ui, { minPriority = "urgent" }] = split(props);
  return (
    <Frame {...ui}>
      <Ask minPriority={minPriority} />
    </Frame>
  );
}

function Ask({ minPriority }: { minPriority: Notification["priority"] }) {
  const { l } = useUi();
  const actions = useActions();
  const { notifications } = useNotifications({ min_priority: minPriority });
  const [later, setLater] = useState<ReadonlySet<string>>(new Set());
  const isOpen = (item: Notification) =>
    item.requires_acknowledgment && item.acknowledged_at === null && !later.has(item.id);
  const item = notifications.findLast(isOpen);
  if (item === undefined) return null;
  const wait = () => setLater(new Set([...later, item.id]));
  return (
    <Dialog
      key={item.id}
      title={l.acknowledgeTitle}
      isAlert
      onClose={wait}
      actions={
        <>
          <button type="button" className="nt-button" onClick={wait}>
            {l.later}
          </button>
          <button type="button" className="nt-button nt-primary" onClick={() => actions.acknowledge(item)}>
            {l.acknowledge}
          </button>
        </>
      }
    >
      <strong dir="auto">{item.title}</strong>
      <p dir="auto">
        <Markdown text={item.message} />
      </p>
    </Dialog>
  );
}
