/** The library: one file per entry into dist; what they share is shared. `tsc` adds the types. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import manifest from "./package.json" with { type: "json" };

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** React's own: Next takes them for what runs in a browser. The client alone may be imported anywhere. */
const CLIENT_ONLY = ["react", "components"];
const outside = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];

export default defineConfig({
  build: {
    target: "es2022",
    minify: false,
    lib: {
      entry: {
        index: here("src/index.ts"),
        react: here("src/react/index.ts"),
        components: here("src/components/index.ts"),
      },
      formats: ["es"],
      cssFileName: "style",
    },
    rolldownOptions: {
      external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`)),
      output: {
        preserveModules: true,
        preserveModulesRoot: here("src"),
        banner: ({ isEntry, name }) => (isEntry && CLIENT_ONLY.includes(name) ? '"use client";' : ""),
      },
    },
  },
});
