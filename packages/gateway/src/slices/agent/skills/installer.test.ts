import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../../test/fakes/clock.ts";
import { type InstallOptions, installStep } from "./installer.ts";
import type { InstallKind, InstallStep } from "./manifest.ts";

/** A machine on which nothing is installed: whatever is asked for, nothing runs. */
function options(nodeManager: InstallOptions["nodeManager"] = "npm"): InstallOptions {
  return {
    clock: new FakeClock(),
    env: { PATH: "" },
    signal: new AbortController().signal,
    timeoutMs: 1_000,
    nodeManager,
    folder: "/nowhere",
  };
}

function step(kind: InstallKind, what: string, os: string[] = []): InstallStep {
  return { id: kind, kind, what, os, label: `Install ${what}`, bins: [] };
}

const failure = (message: string) => ({ ok: false, message, stdout: "", stderr: "", code: null });

const INSTALLERS: readonly [kind: InstallKind, what: string, program: string, where: string][] = [
  ["brew", "user/tap/it@3", "brew", " (see https://brew.sh)"],
  ["go", "a.example/it/cmd@v1.2", "go", " (see https://go.dev/dl)"],
  ["uv", "it[all]>=1,<2", "uv", " (see https://docs.astral.sh/uv)"],
  ["node", "@scope/it@^1", "npm", " (see https://nodejs.org)"],
];
for (const [kind, what, program, where] of INSTALLERS) {
  test(`${what} wants ${program}; when that is missing, it says where to get it`, async () => {
    assert.deepEqual(
      await installStep(step(kind, what), options()),
      failure(`the program ${program} is not installed here${where}; install it, then try again`),
    );
  });
}

for (const manager of ["pnpm", "yarn", "bun"] as const) {
  test(`a package of Node wants ${manager} where the settings say so`, async () => {
    assert.deepEqual(
      await installStep(step("node", "it"), options(manager)),
      failure(`the program ${manager} is not installed here; install it, then try again`),
    );
  });
}

const NO_NAMES: readonly [kind: InstallKind, what: string, noun: string][] = [
  ["brew", "--force", "formula"],
  ["brew", "a b", "formula"],
  ["node", "-g", "package"],
  ["node", "a;b", "package"],
  ["node", "git+ssh://a.example/b", "package"],
  ["go", "-x", "module"],
  ["go", "a\nb", "module"],
  ["uv", "--index-url=x", "package"],
  ["uv", "a@https://b.example", "package"],
];
for (const [kind, what, noun] of NO_NAMES) {
  test(`${JSON.stringify(what)} is not the name of a ${noun} for ${kind}`, async () => {
    await assert.rejects(installStep(step(kind, what), options()), {
      code: "INVALID_REQUEST",
      message: `${JSON.stringify(what)} is not the name of a ${noun}`,
    });
  });
}

test("a way for another platform is not gone here", async () => {
  assert.deepEqual(
    await installStep(step("brew", "it", ["plan9", "beos"]), options()),
    failure(`Install it: this is for plan9, beos, and here is ${process.platform}`),
  );
});
