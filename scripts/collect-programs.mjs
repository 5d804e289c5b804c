// Writes test/fixtures/programs.txt: the programs of a Debian machine's /usr/bin, each with the options that its `--help`
// names. Facts only, no text of theirs. Run it on such a machine, in a container that may be thrown away: every program is
// started, without input, with an empty environment, each for two seconds at most.
// Usage: node scripts/collect-programs.mjs > test/fixtures/programs.txt

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = "/usr/bin";
const MAX_OPTIONS = 32;

const cwd = mkdtempSync(join(tmpdir(), "programs-"));
for (const name of readdirSync(FOLDER).toSorted()) {
  const { stdout, stderr } = spawnSync(join(FOLDER, name), ["--help"], {
    cwd,
    env: { PATH: FOLDER, HOME: cwd, LC_ALL: "C", TERM: "dumb" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 2_000,
    killSignal: "SIGKILL",
    encoding: "latin1",
  });
  const options = new Set(`${stdout ?? ""}\n${stderr ?? ""}`.match(/(?<![\w-])--?[A-Za-z0-9][\w-]*=?/g) ?? []);
  options.delete("--help");
  console.log([name, ...[...options].slice(0, MAX_OPTIONS)].join(" "));
}
