// Loaded before a program: kills it, without a word, at its n-th change of a file below a folder. Says how many there were.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { KILL_WITHIN, KILL_AT, KILL_COUNT } = process.env;
const CHANGES = ["rename", "rm", "unlink", "rmdir", "mkdir", "open", "copyFile", "cp", "symlink", "link", "writeFile"];
let seen = 0;

function count(words) {
  if (!words.some((word) => typeof word === "string" && word.startsWith(KILL_WITHIN))) return;
  seen++;
  if (seen === Number(KILL_AT)) process.kill(process.pid, "SIGKILL");
}

if (KILL_WITHIN !== undefined) {
  const original = fs.writeFileSync;
  for (const [place, end] of [
    [fs, "Sync"],
    [fs.promises, ""],
  ])
    for (const name of CHANGES) {
      const real = place[name + end];
      place[name + end] = (...words) => {
        count(words);
        return real.apply(place, words);
      };
    }
  // Changes that have no path of their own count, too.
  for (const name of ["writeSync", "fsyncSync", "ftruncateSync"]) {
    const real = fs[name];
    fs[name] = (...words) => {
      count([KILL_WITHIN]);
      return real.apply(fs, words);
    };
  }
  syncBuiltinESMExports();
  if (KILL_COUNT) process.on("exit", () => original(KILL_COUNT, String(seen)));
}
