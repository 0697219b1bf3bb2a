import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

const PACKAGE = "node_modules/pdfjs-dist";
const FOLDERS: Record<string, { from: string; only: RegExp }> = {
  cmaps: { from: "cmaps", only: /\.bcmap$|LICENSE/ },
  fonts: { from: "standard_fonts", only: /\.(pfb|ttf)$|LICENSE/ },
  decoders: { from: "wasm", only: /nowasm_fallback\.js$|LICENSE_(PDFJS_)?OPENJPEG$/ },
};

/** What pdf.js fetches for documents that do not carry their own fonts, encodings or decoders. */
export function pdfAssets(): Plugin {
  return {
    name: "pdf-assets",
    apply: "build",
    generateBundle() {
      for (const [folder, { from, only }] of Object.entries(FOLDERS)) {
        for (const name of readdirSync(join(PACKAGE, from))
          .filter((one) => only.test(one))
          .sort()) {
          const source = readFileSync(join(PACKAGE, from, name));
          this.emitFile({ type: "asset", fileName: `assets/pdf/${folder}/${name}`, source });
        }
      }
    },
  };
}
