import { defineConfig } from "vite";

import { compress } from "./plugins/compress.ts";
import { licenses } from "./plugins/licenses.ts";
import { pdfAssets } from "./plugins/pdf-assets.ts";
import { stamp } from "./plugins/stamp.ts";
import { mock } from "./dev/mock.ts";

export default defineConfig({
  // Relative, so that the page also works behind a path prefix.
  base: "./",
  plugins: [mock(), pdfAssets(), licenses(), compress(), stamp()],
  build: {
    outDir: "../serve/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    rolldownOptions: {
      input: { chat: "index.html", inbox: "inbox.html", frame: "widget.html", widget: "src/widget/launcher.ts" },
      output: {
        // Other sites name this file, so that it keeps its name.
        entryFileNames: (chunk) => (chunk.name === "widget" ? "widget.js" : "assets/[name]-[hash].js"),
        // The ending .mjs is unknown to some systems' tables of types, and browsers run no script of an unknown type.
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith(".mjs"))
            ? "assets/[name]-[hash].js"
            : "assets/[name]-[hash][extname]",
      },
    },
  },
});
