import { defineConfig } from "vitest/config";

// Every test below "unit" starts real servers and browsers, one file after the other.
const live = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 90_000 };

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
