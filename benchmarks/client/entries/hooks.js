/** The hooks alone, for components of your own. */
export { NotifyProvider, useNotificationSocket } from "notify-client/react";
