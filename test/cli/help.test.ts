// Help and completion: every command is listed, explained and completed.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Home } from "./harness.ts";

test("--help lists the commands and fits 80 columns", async () => {
  using home = new Home();

  const { code, stdout } = await home.run(["--help"]);

  assert.equal(code, 0);
  assert.match(stdout, /^ {2}gateway +Run the gateway, or ask about it$/m);
  assert.deepEqual(
    stdout.split("\n").filter((line) => line.length > 80),
    [],
  );
});

test("help about a command is the same whichever way it is asked for", async () => {
  using home = new Home();

  const byFlag = await home.run(["devices", "rotate", "--help"]);
  const byWord = await home.run(["help", "devices", "rotate"]);

  assert.deepEqual(byWord, byFlag);
  assert.match(byFlag.stdout, /^ {2}--device ID {2,}The device/m);
});

test("--version prints the version alone", async () => {
  using home = new Home();

  const { code, stdout } = await home.run(["--version"]);

  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test("the bash completion completes commands, subcommands, flags and their choices", async () => {
  using home = new Home();
  const { stdout: script } = await home.run(["completion", "bash"]);
  const complete = (...words: string[]) => {
    const quoted = ["moltbot", ...words].map((word) => `'${word}'`).join(" ");
    const call = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _moltbot; echo "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", call], { encoding: "utf8" }).stdout.trim();
  };

  const completions = [
    complete("hea"),
    complete("devices", "a"),
    complete("agent", "--thi"),
    complete("agent", "--thinking", "m"),
  ];

  assert.deepEqual(completions, ["health", "approve", "--thinking", "minimal medium"]);
});

test("completions for an unknown shell are refused", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["completion", "tcsh"]);

  assert.deepEqual([code, stderr], [2, 'Completions exist for bash, zsh and fish, not "tcsh".\n']);
});
