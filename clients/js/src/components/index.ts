/** `notify-client/components`: ready parts. Their looks are in `notify-client/style.css`. */
import "./style.css";

export { NotifyProvider, type NotifyProviderProps } from "../react";
export { AcknowledgeDialog, type AcknowledgeDialogProps } from "./Acknowledge";
export { Bell, type BellProps } from "./Bell";
export { NotificationCenter, type NotificationCenterProps, type Tab } from "./Center";
export { ConnectionIndicator, type ConnectionIndicatorProps } from "./Connection";
export { FilterBar, type FilterBarProps } from "./FilterBar";
export { NotificationItem, type NotificationItemProps } from "./Item";
export { NotificationList, type NotificationListProps } from "./List";
export { LiveRegion } from "./LiveRegion";
export { ar } from "./locales/ar";
export { de } from "./locales/de";
export { en, type Localization } from "./locales/en";
export { Markdown } from "./Markdown";
export { useSelection, type Selection } from "./selection";
export { NotificationSettings, PermissionDialog, SubscriptionList } from "./Settings";
export { Toaster, type ToasterProps } from "./Toaster";
export { NotifyUi, type Click, type Slots, type UiOptions } from "./ui";
