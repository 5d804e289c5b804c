// Help: every command is listed and explained, at any width.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Home } from "./harness.ts";

test("--help lists the commands and fits 80 columns", async () => {
  using home = new Home();

  const { code, stdout } = await home.run(["--help"]);

  assert.equal(code, 0);
  assert.match(stdout, /^ {2}gateway +Run the gateway, or make it a service$/m);
  assert.match(stdout, /^Channels\n {2}channels +Connect/m);
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
  assert.match(byFlag.stdout, /^ {2}--role ROLE {2,}Which of its tokens/m);
});

test("--version and -V print the version alone", async () => {
  using home = new Home();

  const long = await home.run(["--version"]);
  const short = await home.run(["-V"]);

  assert.deepEqual(short, long);
  assert.deepEqual([long.code, /^\d+\.\d+\.\d+\n$/.test(long.stdout)], [0, true]);
});

test("on a narrow terminal help breaks between words only", async () => {
  using home = new Home();
  await using terminal = home.terminal(["channels", "add", "--help"], 50);

  const code = await terminal.ended();

  assert.equal(code, 0);
  assert.ok(terminal.lines.includes("    Save although the platform refuses or cannot"));
  assert.deepEqual(
    terminal.lines.filter((line) => line.length > 50),
    [],
  );
});

test("the man page comes from the help, and names the exit codes", async () => {
  using home = new Home();

  const { code, stdout } = await home.run(["help", "--man"]);

  assert.equal(code, 0);
  assert.match(stdout, /^\.TH MOLTBOT 1 /m);
  assert.match(stdout, /^\.B moltbot sessions show SESSION$/m);
  assert.match(stdout, /^\.TP\n\.B 3\nNo gateway answers/m);
});

test("completions for an unknown shell are refused", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["completion", "tcsh"]);

  assert.deepEqual([code, stderr], [2, 'Completions exist for bash, zsh and fish, not "tcsh".\n']);
});
