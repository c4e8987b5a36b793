import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.NOTIFY_URL ?? "http://127.0.0.1:8080";

// Every test below "unit" starts real servers and browsers, one file after the other.
const live = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 90_000 };

export default defineConfig({
  // Relative: the server may stand behind any base path.
  base: "./",
  build: {
    outDir: here("../../notify_server/rest/pages/demo"),
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
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["test/unit/*.test.ts"] } },
      { extends: true, test: { name: "lane", include: ["test/lane/*.test.ts"], ...live } },
      ...(process.env.SKIP_BROWSER
        ? []
        : [
            {
              extends: true as const,
              test: { name: "browser", include: ["test/browser/*.test.ts"], ...live },
            },
          ]),
    ],
  },
});
