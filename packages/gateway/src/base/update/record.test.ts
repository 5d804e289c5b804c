import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pointTo, pruneVersions, versionFolder } from "./record.ts";

const stateDir = mkdtempSync(join(tmpdir(), "moltbot-versions-"));
after(() => rmSync(stateDir, { recursive: true }));

test("of the versions the last two stay, the current one, those in use, and what is no version", () => {
  for (const version of ["2026.9.0", "2026.10.0", "2026.11.0", "2026.12.0", "2027.1.0"])
    mkdirSync(versionFolder(stateDir, version), { recursive: true });
  for (const name of ["notes", ".cut.tmp"]) mkdirSync(join(stateDir, "versions", name));
  pointTo(stateDir, "2026.10.0");

  const removed = pruneVersions(stateDir, "2026.11.0");

  assert.deepEqual(removed, ["2026.9.0", ".cut.tmp"]);
  assert.deepEqual(readdirSync(join(stateDir, "versions")).sort(), [
    "2026.10.0",
    "2026.11.0",
    "2026.12.0",
    "2027.1.0",
    "notes",
  ]);
});
