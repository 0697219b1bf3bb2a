import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

interface Package {
  version: string;
  license?: string;
  dev?: boolean;
}

/** Writes the licences of everything that the page is built from beside it. */
export function licenses(): Plugin {
  return {
    name: "licenses",
    apply: "build",
    generateBundle() {
      const lock = JSON.parse(readFileSync("package-lock.json", "utf-8")) as { packages: Record<string, Package> };
      const parts = Object.entries(lock.packages)
        .filter(([path, one]) => path && !one.dev && existsSync(path) && !path.includes("@napi-rs"))
        .map(
          ([path, one]) =>
            `${path.replace("node_modules/", "")} ${one.version} (${one.license ?? "?"})\n\n${textOf(path)}`,
        );
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: parts.join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}

function textOf(path: string): string {
  const name = readdirSync(path).find((one) => /^licen[cs]e/i.test(one));
  return name ? readFileSync(join(path, name), "utf-8").trim() + "\n" : "";
}
