/** How the connection stands, in words and with a sign. */
import { useConnection } from "../react/hooks";
import { Icon } from "./Icon";
import { NotifyUi, rootProps, split, useUi, type UiOptions } from "./ui";

export interface ConnectionIndicatorProps extends UiOptions {
  /** Nothing while all is well; default false. */
  isQuiet?: boolean;
}

export function ConnectionIndicator(props: ConnectionIndicatorProps) {
  const [ui, { isQuiet = false }] = split(props);
  return (
    <NotifyUi {...ui}>
      <Indicator isQuiet={isQuiet} />
    </NotifyUi>
  );
}

function Indicator({ isQuiet }: { isQuiet: boolean }) {
  const ui = useUi();
  const { status, reason, pending, connect } = useConnection();
  const isFine = status === "connected";
  const waiting = pending > 0 && !isFine ? ui.l.waiting(pending) : null;
  return (
    <div {...rootProps(ui, "nt-connection")} data-status={status} role="status" title={reason ?? undefined}>
      {isQuiet && isFine ? null : (
        <>
          {isFine ? (
            <span className="nt-lamp" aria-hidden="true" />
          ) : (
            <Icon name={status === "offline" || status === "refused" ? "offline" : "progress_update"} />
          )}
          <span>{ui.l.status[status]}</span>
          {waiting && <span>· {waiting}</span>}
          {status === "refused" && (
            <button type="button" className="nt-button" onClick={connect}>
              {ui.l.retry}
            </button>
          )}
        </>
      )}
    </div>
  );
}
