/** The client alone, without React. */
export { createNotifyClient } from "notify-client";
