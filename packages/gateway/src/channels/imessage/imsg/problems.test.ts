import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endOf, refusedSend, startProblem } from "./problems.ts";

const HERE = { cliPath: "imsg", remoteHost: undefined };
const THERE = { cliPath: "imsg", remoteHost: "me@mac" };

describe("the end of imsg", () => {
  const ended = (stderr: string, where = THERE as typeof HERE | typeof THERE) =>
    endOf({ code: 1, signal: null, stderr }, where);
  const CASES: readonly (readonly [stderr: string, kind: string, sentence: RegExp])[] = [
    ["authorization denied (code: 23)", "unavailable", /Full Disk Access/],
    ["Not authorized to send Apple events to Messages.", "unavailable", /Privacy & Security, Automation/],
    ["Host key verification failed.", "unavailable", /run ssh me@mac once by hand/],
    ["me@mac: Permission denied (publickey).", "unavailable", /me@mac refused the ssh key.*ssh-copy-id me@mac/],
    ["bash: imsg: command not found", "unavailable", /not found as "imsg" on me@mac/],
    ["ssh: connect to host mac port 22: Connection refused", "network", /me@mac cannot be reached by ssh/],
    ["Segmentation fault", "network", /ended with code 1/],
  ];
  for (const [stderr, kind, sentence] of CASES)
    test(`with “${stderr}” is ${kind}, and says what to do`, () => {
      const error = ended(stderr);

      assert.equal(error.kind, kind);
      assert.match(error.message, sentence);
    });

  test("by a signal names it, and of this Mac it names no host", () => {
    assert.match(endOf({ code: null, signal: "SIGKILL", stderr: "" }, HERE).message, /ended by SIGKILL/);
    assert.match(ended("command not found", HERE).message, /on the Mac/);
    assert.match(ended("Permission denied (publickey)", HERE).message, /The Mac refused.*ssh-copy-id HOST/);
  });
});

test("a program that cannot be started is told apart: no ssh, not executable, not there", () => {
  assert.match(startProblem("ENOENT", "x", THERE).message, /ssh cannot be started \(ENOENT\)/);
  assert.match(startProblem(undefined, "odd", THERE).message, /\(odd\)/);
  assert.match(startProblem("EACCES", "x", HERE).message, /imsg is not executable/);
  assert.match(startProblem("ENOENT", "x", HERE).message, /brew install/);
});

test("a refused send is certain or in doubt by what Messages said", () => {
  const kinds = ["error -1743", "AppleEvent timed out (-1712)", "Can’t get chat id", "odd"].map(
    (reason) => refusedSend(reason, "+1").kind,
  );

  assert.deepEqual(kinds, ["not-sent", "unknown", "rejected", "rejected"]);
  assert.match(refusedSend("unknown chat", "+1").message, /no conversation \+1/);
});
