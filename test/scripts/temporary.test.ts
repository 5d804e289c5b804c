// Where the runner puts the temporary files of tests.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fastFolder } from "../../scripts/test/temporary.ts";

test("a folder with room for all is used and removed; one that is not there, or where TMPDIR says another, is not", () => {
  const parent = mkdtempSync(join(tmpdir(), "moltbot-memory-"));
  const said = process.env.TMPDIR;
  delete process.env.TMPDIR;

  const folder = fastFolder(parent, 0);
  const mode = folder && statSync(join(folder.path, "..")).mode & 0o777;
  folder?.[Symbol.dispose]();
  const missing = fastFolder(join(parent, "missing"), 0);
  process.env.TMPDIR = parent;
  const other = fastFolder(parent, 0);
  if (said === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = said;

  assert.ok(folder);
  assert.equal(mode, 0o700);
  assert.equal(existsSync(folder.path), false);
  assert.deepEqual([missing, other], [undefined, undefined]);
  rmSync(parent, { recursive: true });
});
