/** `notify-client/react`: a provider and hooks. */
export { NotifyProvider, useNotifyClient, type NotifyProviderProps } from "./context";
export {
  useClientEvent,
  useConnection,
  useCounts,
  useNotification,
  useNotifications,
  useNotificationSocket,
  useSubscriptions,
  type UseConnection,
  type UseNotification,
  type UseNotifications,
  type UseNotificationSocket,
  type UseSubscriptions,
} from "./hooks";
