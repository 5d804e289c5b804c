/** What an installation takes: the packed package, installed by npm into an empty folder. Asks the registry. */
import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alone, type Bench, type Figure } from "./figures.ts";

/** Megabytes and packages of an installation, without Node. */
export function packageSize({ bin }: Bench): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-bench-package-"));
  try {
    const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder];
    const tarball = execFileSync("npm", pack, { cwd: join(bin, "../.."), encoding: "utf8" }).trim();
    const install = ["install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", join(folder, tarball)];
    execFileSync("npm", install, { stdio: "ignore" });
    const modules = join(folder, "node_modules");
    const { packages } = JSON.parse(readFileSync(join(modules, ".package-lock.json"), "utf8")) as { packages: object };
    return [
      alone("package as installed: size", "MB", bytesIn(modules) / 1024 / 1024, 110),
      alone("package as installed: packages", "", Object.keys(packages).length, 150),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As they lie on the disk, in whole blocks. */
function bytesIn(path: string): number {
  const found = lstatSync(path);
  const within = found.isDirectory() ? readdirSync(path).map((name) => bytesIn(join(path, name))) : [];
  return within.reduce((sum, bytes) => sum + bytes, found.blocks * 512);
}
