import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";
import { storePlaces } from "../../../../../test/support/store-places.ts";
import { systemClock } from "../time/clock.ts";
import { copyInSubprocess, matchInSubprocess } from "./store-subprocess.ts";

const nextPlace = storePlaces();
const apart = { clock: systemClock, signal: new AbortController().signal };
/** More than one chunk, and no whole number of them. */
const SIZE = 3 * 1024 * 1024 + 1_000;

let path: string;
let copy: string;
beforeEach(() => {
  const place = nextPlace();
  path = place.path;
  copy = join(place.folder, "copy");
  writeFileSync(path, bytes(SIZE));
});

function bytes(length: number, seed = 1): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * seed) % 251));
}

/** Changes some bytes of a file. */
function change(at: number, seed: number): void {
  const content = readFileSync(path);
  bytes(1_000, seed).copy(content, at);
  writeFileSync(path, content);
}

describe("a copy that is matched with its file", () => {
  const changes: Readonly<Record<string, () => void>> = {
    "is the file when nothing has changed": () => {},
    "has what has changed at its beginning, its middle and its end": () => {
      for (const at of [0, SIZE / 2, SIZE - 1_000]) change(Math.floor(at), 7);
    },
    "has what has been added": () => writeFileSync(path, bytes(SIZE + 2_000_000)),
    "leaves out what has been cut off": () => truncateSync(path, SIZE - 1_500_000),
  };
  for (const [name, happens] of Object.entries(changes)) {
    test(name, async () => {
      await copyInSubprocess(path, copy, apart);
      happens();

      await matchInSubprocess(path, copy, apart);

      assert.ok(readFileSync(copy).equals(readFileSync(path)));
    });
  }

  test("is for its owner only", async () => {
    await copyInSubprocess(path, copy, apart);
    await matchInSubprocess(path, copy, apart);

    assert.equal(statSync(copy).mode & 0o777, 0o600);
  });

  test("is removed when the file is gone", async () => {
    await copyInSubprocess(path, copy, apart);
    rmSync(path);

    await assert.rejects(matchInSubprocess(path, copy, apart));
    assert.equal(existsSync(copy), false);
  });
});
