/** The client of this part of the tree. */
import { createContext, useContext, useEffect, useMemo, useRef, type ReactNode } from "react";
import { NotifyClient } from "../core/client";
import type { ClientOptions } from "../core/types";

const NEEDS = "NotifyProvider needs user and getToken, or client; render it once they are known.";

const Context = createContext<NotifyClient | null>(null);

interface OfOptions extends ClientOptions {
  client?: undefined;
  children?: ReactNode;
}

interface OfClient extends Partial<ClientOptions> {
  /** A client of your own instead of the options; you start and stop it. */
  client: NotifyClient;
  children?: ReactNode;
}

export type NotifyProviderProps = OfOptions | OfClient;

/**
 * Makes a client of the options, starts it and stops it again. Another `user`, `url`, `path` or
 * `namespace` is another client: nothing of the one before is shown again.
 */
export function NotifyProvider({ client: given, children, ...options }: NotifyProviderProps) {
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const { user, url, path, namespace, apiPath, cache, cacheScope } = options;
  const made = useMemo(() => {
    if (given !== undefined) return given;
    if (user === undefined || latest.current.getToken === undefined) throw new Error(NEEDS);
    const getToken = () => latest.current.getToken!();
    return new NotifyClient({ ...options, user, getToken });
  }, [given, user, url, path, namespace, apiPath, cache, cacheScope]);
  useEffect(() => {
    if (given !== undefined) return;
    void made.start();
    return () => void made.stop();
  }, [given, made]);
  return <Context.Provider value={made}>{children}</Context.Provider>;
}

/** The client itself, for everything that no hook does. */
export function useNotifyClient(): NotifyClient {
  const client = useContext(Context);
  if (client === null) throw new Error("Notification hooks and components need a NotifyProvider above them.");
  return client;
}
