import assert from "node:assert/strict";
import { test } from "node:test";
import { TellableError } from "../errors.ts";
import { readHead, readManifest } from "./manifest.ts";

const HEAD = { version: 1, product: "moltbot", productVersion: "1", createdAt: 1, bytes: 2, host: "h" };
const MANIFEST = {
  ...HEAD,
  roots: [{ name: "state", path: "~/.moltbot" }],
  files: [{ path: "state/a", size: 2, sha256: "00" }],
  links: [{ path: "state/b", target: "a" }],
  folders: ["state"],
  left: [],
  database: { dump: "00", tables: { messages: 1 }, versions: { sessions: 1 } },
};

test("a head and a manifest are read as they were written", () => {
  assert.deepEqual([readHead(JSON.stringify(HEAD)), readManifest(JSON.stringify(MANIFEST))], [HEAD, MANIFEST]);
});

/** Parts of manifests that anybody may have written, each in place of the right one. */
const WRONG: readonly object[] = [
  ...[{ version: 2 }, { product: "other" }, { bytes: -1 }, { createdAt: "now" }, { host: null }, { productVersion: 1 }],
  ...[
    { files: [null] },
    { files: [{ path: 5, size: 1, sha256: "0" }] },
    { files: [{ path: "state/a", size: "1", sha256: "0" }] },
  ],
  ...[
    { files: {} },
    { files: [{ path: "state/../a", size: 1, sha256: "0" }] },
    { roots: [["state"]] },
    { roots: "state" },
    {
      roots: [
        { name: "state", path: "~" },
        { name: "..", path: "/tmp/x" },
      ],
    },
    {
      roots: [
        { name: "state", path: "~" },
        { name: "../..", path: "/tmp/x" },
      ],
    },
    {
      roots: [
        { name: "state", path: "~" },
        { name: "", path: "/tmp/x" },
      ],
    },
    {
      roots: [
        { name: "state", path: "~" },
        { name: "state", path: "/tmp/x" },
      ],
    },
  ],
  ...[
    { links: [{ path: "state/b" }] },
    { links: [{ path: "elsewhere/b", target: "a" }] },
    { links: [{ path: "state/b", target: "/etc" }] },
    { links: [{ path: "state/b", target: "C:/" }] },
    { links: [{ path: "state/b", target: "../x" }] },
    { links: [{ path: "state/b", target: "c/../../x" }] },
    {
      links: [
        { path: "state/d/e/up", target: "../.." },
        { path: "state/b", target: "d/e/up/../x" },
      ],
    },
    { folders: [1] },
    { left: 0 },
  ],
  ...[
    { database: [] },
    { database: { dump: "0", tables: { messages: "many" }, versions: {} } },
    { journal: { seq: 1 } },
  ],
];

for (const part of WRONG)
  test(`a manifest with ${JSON.stringify(part)} is refused with a sentence`, () => {
    assert.throws(() => readManifest(JSON.stringify({ ...MANIFEST, ...part })), TellableError);
  });

for (const text of ["", "[]", "null", "{", "5"])
  test(`${JSON.stringify(text)} is neither a head nor a manifest`, () => {
    assert.throws(() => readHead(text), TellableError);
    assert.throws(() => readManifest(text), TellableError);
  });

test("links that stay in their root are read, through others and in a circle too", () => {
  const links = [
    { path: "state/modules/tool", target: "../packages/tool" },
    { path: "state/modules/.bin/tool", target: "../tool/cli.js" },
    { path: "state/around", target: "around" },
    { path: "state/nowhere", target: "x/../y" },
  ];

  assert.deepEqual(readManifest(JSON.stringify({ ...MANIFEST, links })).links, links);
});
