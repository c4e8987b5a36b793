/** The demo page, built to where the server finds it. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.NOTIFY_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: here("."),
  // Relative: the server may stand behind any base path.
  base: "./",
  build: {
    outDir: here("../../../notify_server/rest/pages/demo"),
    emptyOutDir: true,
    // The page is served with "default-src 'self'": nothing inline, no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/session": { target: server, rewrite: (path) => `/demo${path}` },
      "/api": server,
      "/socket.io": { target: server, ws: true },
    },
  },
});
