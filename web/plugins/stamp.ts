import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import type { Plugin } from "vite";

const UNBUILT = new Set(["node_modules", "dev"]);

/** Writes down what was built from what, so that a test without Node can tell whether both still fit. */
export function stamp(): Plugin {
  let folder = "";
  return {
    name: "stamp",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      const built = { sources: digests("."), built: digests(folder) };
      writeFileSync(join(folder, "built.json"), `${JSON.stringify(built, null, 1)}\n`);
    },
  };
}

function digests(folder: string): Record<string, string> {
  const files = listed(folder, "").filter((name) => name !== "built.json");
  return Object.fromEntries(files.map((name) => [name, digest(readFileSync(join(folder, name)))]));
}

function listed(folder: string, prefix: string): string[] {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
  return entries
    .filter((entry) => prefix || !UNBUILT.has(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? listed(folder, `${prefix}${entry.name}/`) : [prefix + entry.name]))
    .sort();
}

function digest(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
