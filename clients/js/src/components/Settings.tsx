/** What somebody wants to hear about, and how: types, sound, desktop. */
import { useEffect, useId, useState } from "react";
import { useSubscriptions } from "../react/hooks";
import { useNotifyClient } from "../react/context";
import { Dialog } from "./Dialog";
import { Frame } from "./Frame";
import { Icon } from "./Icon";
import { playTone, useSetting } from "./switches";
import { toastsOf } from "./toasts";
import { rootProps, split, typeName, useUi, type UiOptions } from "./ui";

/** All settings as one page: sound, desktop, and each type with its state. */
export function NotificationSettings(props: UiOptions) {
  const [options] = split(props);
  return (
    <Frame {...options}>
      <All />
    </Frame>
  );
}

function All() {
  const ui = useUi();
  return (
    <div {...rootProps(ui, "nt-settings")}>
      <SoundSwitch />
      <DesktopSwitch />
      <SubscriptionList />
    </div>
  );
}

interface SwitchProps {
  label: string;
  text?: string;
  icon?: string;
  isOn: boolean;
  isDisabled?: boolean;
  onChange: (isOn: boolean) => void;
}

function Switch({ label, text, icon, isOn, isDisabled, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div className="nt-setting" data-type={icon}>
      {icon && (
        <span className="nt-tile">
          <Icon name={icon} />
        </span>
      )}
      <div className="nt-body">
        <label htmlFor={id}>{label}</label>
        {text && <small id={`${id}-text`}>{text}</small>}
      </div>
      <button
        id={id}
        type="button"
        role="switch"
        className="nt-switch"
        aria-checked={isOn}
        aria-describedby={text ? `${id}-text` : undefined}
        disabled={isDisabled}
        onClick={() => onChange(!isOn)}
      />
    </div>
  );
}

function SoundSwitch() {
  const { l } = useUi();
  const [isOn, set] = useSetting("sound");
  function change(value: boolean): void {
    set(value);
    if (value) playTone(false);
  }
  return <Switch icon="sound" label={l.sound} text={l.soundText} isOn={isOn} onChange={change} />;
}

const permission = () => ("Notification" in globalThis ? Notification.permission : "denied");

/** Explains first; only then does the browser ask, which it does once. */
function DesktopSwitch() {
  const { l } = useUi();
  const [isOn, set] = useSetting("desktop");
  const [isAsking, setAsking] = useState(false);
  const [state, setState] = useState<NotificationPermission>("default");
  // After the first drawing: a server that renders cannot know it, and must draw the same.
  useEffect(() => setState(permission()), []);
  async function ask(): Promise<void> {
    setAsking(false);
    const answer = await Notification.requestPermission();
    setState(answer);
    set(answer === "granted");
  }
  function change(value: boolean): void {
    if (value && state === "default") setAsking(true);
    else set(value);
  }
  const isDenied = state === "denied";
  return (
    <>
      <Switch
        icon="desktop"
        label={l.desktop}
        text={isDenied ? l.desktopDenied : l.desktopText}
        isOn={isOn && state === "granted"}
        isDisabled={isDenied}
        onChange={change}
      />
      {isAsking && <PermissionDialog onAllow={() => void ask()} onClose={() => setAsking(false)} />}
    </>
  );
}

export function PermissionDialog({ onAllow, onClose }: { onAllow: () => void; onClose: () => void }) {
  const { l } = useUi();
  return (
    <Dialog
      title={l.askTitle}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="nt-button" onClick={onClose}>
            {l.notNow}
          </button>
          <button type="button" className="nt-button nt-primary" onClick={onAllow}>
            {l.allow}
          </button>
        </>
      }
    >
      <p>{l.askText}</p>
    </Dialog>
  );
}

/** Each type that can be switched, and whether it is on. */
export function SubscriptionList() {
  const ui = useUi();
  const { l } = ui;
  const { types, isLoading, error, refresh, setSubscribed } = useSubscriptions();
  const toasts = toastsOf(useNotifyClient());
  const id = useId();
  async function change(type: string, isOn: boolean): Promise<void> {
    const told = await setSubscribed(type, isOn);
    if (!told.ok) toasts.notice(`${l.refused}: ${told.message}`);
  }
  return (
    <section {...rootProps(ui, "nt-subscriptions")} aria-labelledby={id}>
      <h3 id={id} className="nt-day">
        {l.subscriptions}
      </h3>
      <p className="nt-hint">{l.subscriptionsText}</p>
      {isLoading && (
        <p className="nt-hint" role="status">
          {l.loading}
        </p>
      )}
      {types === null && error && (
        <div className="nt-state" role="alert">
          <p>{l.errorText}</p>
          <button type="button" className="nt-button" onClick={() => void refresh()}>
            {l.retry}
          </button>
        </div>
      )}
      {Object.entries(types ?? {}).map(([type, { subscribed, required }]) => (
        <Switch
          key={type}
          icon={type}
          label={typeName(l.types, type)}
          text={required ? l.required : undefined}
          isOn={subscribed || required}
          isDisabled={required}
          onChange={(isOn) => void change(type, isOn)}
        />
      ))}
    </section>
  );
}
