import assert from "node:assert/strict";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { mayRestoreTo } from "./contents.ts";

const home = homedir();
const state = join(home, ".moltbot");

for (const [path, may] of [
  [join(home, "clawd"), true],
  ["/srv/moltbot/workspace", true],
  [join(home, ".openclaw", "workspace"), true],
  [home, false],
  [dirname(home), false],
  ["/", false],
  [state, false],
  [join(state, "identity"), false],
  [join(home, ".ssh"), false],
  [join(home, ".config", "autostart"), false],
  [join(home, "Library", "LaunchAgents"), false],
  ["/etc/cron.d", false],
  ["/dev/moltbot", false],
  ["/dev/shm", false],
  ["/dev/shm/notes", true],
  ["/usr/bin", false],
] as const)
  test(`a workspace of a backup may ${may ? "" : "not "}stand at ${path.replace(home, "~")}`, () => {
    assert.equal(mayRestoreTo(path, state), may);
  });
