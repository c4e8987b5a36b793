/** All that notify-client has: every component, hook and language. */
export * from "notify-client";
export * from "notify-client/components";
export * from "notify-client/react";
import "notify-client/style.css";
