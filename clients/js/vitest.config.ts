import { defineConfig } from "vitest/config";

// Every test below "unit" starts real servers and browsers, one file after the other. The longest of them
// takes 40 s on a busy machine: what ends a test is a condition that never holds, and not a slow machine.
const live = { fileParallelism: false, testTimeout: 240_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/unit/**/*.test.{ts,tsx}"], testTimeout: 60_000 },
      },
      { extends: true, test: { name: "lane", include: ["test/lane/*.test.{ts,tsx}"], ...live } },
      ...(process.env.SKIP_BROWSER
        ? []
        : [
            {
              extends: true as const,
              test: { name: "browser", include: ["test/browser/*.test.{ts,tsx}"], ...live },
            },
          ]),
    ],
  },
});
