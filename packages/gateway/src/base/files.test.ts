import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  configPath,
  envOf,
  expandHome,
  makePrivateDir,
  readTextIfExists,
  resolveStateDir,
  writePrivateFile,
} from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-files-"));
after(() => rmSync(folder, { recursive: true }));

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("private files", () => {
  test("are readable by their owner only, and nothing is left beside them", () => {
    const path = join(folder, "new", "secret.txt");

    writePrivateFile(path, "one");

    assert.equal(readFileSync(path, "utf8"), "one");
    assert.equal(mode(path), "600");
    assert.equal(mode(join(folder, "new")), "700");
    assert.deepEqual(readdirSync(join(folder, "new")), ["secret.txt"]);
  });

  test("replace what was there, whatever its mode", () => {
    const path = join(folder, "open.txt");
    writeFileSync(path, "old", { mode: 0o644 });

    writePrivateFile(path, Buffer.from("new"));

    assert.equal(readFileSync(path, "utf8"), "new");
    assert.equal(mode(path), "600");
  });

  test("that are links stay links, and what they point to is replaced", () => {
    const target = join(folder, "target.txt");
    const link = join(folder, "link.txt");
    writeFileSync(target, "old");
    symlinkSync(target, link);

    writePrivateFile(link, "new");

    assert.equal(readFileSync(target, "utf8"), "new");
    assert.ok(lstatSync(link).isSymbolicLink());
  });

  test("leave nothing behind when they cannot be written", () => {
    const path = join(folder, "taken");
    mkdirSync(join(path, "inside"), { recursive: true });
    const before = readdirSync(folder);

    assert.throws(() => writePrivateFile(path, "text"));

    assert.deepEqual(readdirSync(folder), before);
  });

  test("that do not exist read as undefined; other problems are thrown", () => {
    assert.equal(readTextIfExists(join(folder, "none")), undefined);
    assert.throws(() => readTextIfExists(folder), /EISDIR/);
  });
});

describe("a private folder", () => {
  test("is made with its parents, and an open one is closed to others", () => {
    const path = join(folder, "a", "b");
    mkdirSync(path, { recursive: true, mode: 0o755 });

    makePrivateDir(path);
    makePrivateDir(join(folder, "c", "d"));

    assert.equal(mode(path), "700");
    assert.equal(mode(join(folder, "c", "d")), "700");
  });

  test("that cannot be made says what to do", () => {
    writeFileSync(join(folder, "file"), "");

    assert.throws(() => makePrivateDir(join(folder, "file", "inside")), {
      name: "StartError",
      message:
        `The folder ${join(folder, "file", "inside")} cannot be made or entered (ENOTDIR); ` +
        "make it writable for this user, or name another with MOLTBOT_STATE_DIR.",
    });
  });
});

describe("where the state is", () => {
  const home = homedir();
  const cases: readonly [what: string, options: Parameters<typeof resolveStateDir>[0], dir: string][] = [
    ["nothing said", { env: {} }, join(home, ".moltbot")],
    ["MOLTBOT_STATE_DIR", { env: { MOLTBOT_STATE_DIR: "/a", CLAWDBOT_STATE_DIR: "/b" } }, "/a"],
    ["the older name", { env: { CLAWDBOT_STATE_DIR: "/b" } }, "/b"],
    ["a path in the home folder", { env: { MOLTBOT_STATE_DIR: "~/state" } }, join(home, "state")],
    ["blank", { env: { MOLTBOT_STATE_DIR: "  " } }, join(home, ".moltbot")],
    ["a profile", { env: {}, profile: "work" }, join(home, ".moltbot-work")],
    ["a profile beside a folder", { env: { MOLTBOT_STATE_DIR: "/a" }, profile: "work" }, join(home, ".moltbot-work")],
    ["a profile from the environment", { env: { MOLTBOT_PROFILE: "work" } }, join(home, ".moltbot-work")],
    ["the default profile", { env: {}, profile: "default" }, join(home, ".moltbot")],
  ];

  for (const [what, options, dir] of cases) {
    test(`${what}: ${dir.replace(home, "~")}`, () => {
      assert.equal(resolveStateDir(options), dir);
    });
  }

  test("a profile cannot leave the home folder", () => {
    assert.throws(() => resolveStateDir({ env: {}, profile: "../x" }), {
      name: "StartError",
      message: 'The profile name "../x" is not valid; use letters, digits, "-" and "_".',
    });
  });
});

test("the config file stands in the state folder unless the environment names another", () => {
  assert.equal(configPath("/state", {}), "/state/moltbot.json");
  assert.equal(configPath("/state", { MOLTBOT_CONFIG_PATH: "/etc/m.json" }), "/etc/m.json");
  assert.equal(configPath("/state", { CLAWDBOT_CONFIG_PATH: "~/m.json" }), join(homedir(), "m.json"));
});

test("the config of an older installation is taken over, until there is one of our own", () => {
  const stateDir = mkdtempSync(join(folder, "state-"));
  writeFileSync(join(stateDir, "clawdbot.json"), "{}");

  const before = configPath(stateDir, {});
  writeFileSync(join(stateDir, "moltbot.json"), "{}");

  assert.equal(before, join(stateDir, "clawdbot.json"));
  assert.equal(configPath(stateDir, {}), join(stateDir, "moltbot.json"));
});

test("~ is the home folder only at the start and on its own", () => {
  assert.deepEqual(["~", "~/a", "~a", "/~/a"].map(expandHome), [homedir(), join(homedir(), "a"), "~a", "/~/a"]);
});

test("the product's own prefix comes before the older one", () => {
  assert.equal(envOf({ MOLTBOT_X: "new", CLAWDBOT_X: "old" }, "X"), "new");
  assert.equal(envOf({ MOLTBOT_X: "", CLAWDBOT_X: "old" }, "X"), "old");
  assert.equal(envOf({}, "X"), undefined);
});
