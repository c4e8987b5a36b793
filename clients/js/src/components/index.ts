/** `notify-client/components`: styled parts on the hooks; `notify-client/style.css` is their sheet. */
import "./style.css";

export { NotifyProvider, type NotifyProviderProps } from "../react";
