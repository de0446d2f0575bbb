import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

interface Package {
  name: string;
  version: string;
  license?: string;
}

/** Writes the licence notices of every package that ended up in the bundle to `licences.txt`. */
export function licences(): Plugin {
  return {
    name: "postern-licences",
    apply: "build",
    generateBundle(_options, bundle) {
      const notices = new Map<string, string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const id of Object.keys(chunk.modules)) {
          const dir = packageDir(id.replace(/^\0/, "").replace(/\?.*$/, ""));
          if (dir !== null && !notices.has(dir)) notices.set(dir, notice(dir));
        }
      }
      const source = [...notices.values()].sort().join("\n" + "-".repeat(72) + "\n\n");
      this.emitFile({ type: "asset", fileName: "licences.txt", source });
    },
  };
}

function packageDir(id: string): string | null {
  if (!id.includes("/node_modules/")) return null;
  for (let dir = dirname(id); dir !== dirname(dir); dir = dirname(dir)) {
    const file = join(dir, "package.json");
    // Some packages contain nested package.json files that only say "type": "module".
    if (existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as Partial<Package>).name)
      return dir;
  }
  return null;
}

function notice(dir: string): string {
  const pkg = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Package;
  const texts = readdirSync(dir)
    .filter((name) => /^(licen[cs]e|notice|copying)/i.test(name))
    .map((name) => readFileSync(join(dir, name), "utf8").trim());
  return `${pkg.name} ${pkg.version} (${pkg.license ?? "see below"})\n\n${texts.join("\n\n")}\n`;
}
