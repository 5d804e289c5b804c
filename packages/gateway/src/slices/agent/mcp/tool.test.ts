import assert from "node:assert/strict";
import { test } from "node:test";
import { toolName, toResult } from "./tool.ts";

const NAMES: readonly [server: string, tool: string, taken: readonly string[], name: RegExp][] = [
  ["files", "read", [], /^mcp_files_read$/],
  ["my files!", "read.all", [], /^mcp_my_files__read_all$/],
  ["files", "read", ["mcp_files_read"], /^mcp_files_read_[0-9a-f]{8}$/],
  ["s".repeat(64), "t", [], /^mcp_s{51}_[0-9a-f]{8}$/],
];
for (const [server, tool, taken, expected] of NAMES) {
  test(`${tool} of ${server.slice(0, 10)} gets a name that providers take`, () => {
    const name = toolName(server, tool, new Set(taken));

    assert.match(name, expected);
    assert.ok(name.length <= 64);
  });
}

test("parts that are no text are named, pictures that are none left out", () => {
  const content = [
    { type: "text", text: "one" },
    { type: "audio", data: "AAAA", mimeType: "audio/wav" },
    { type: "image", data: "AAAA", mimeType: "image/svg+xml" },
    { type: "resource_link", name: "log", uri: "file:///log" },
    { type: "resource", resource: { uri: "file:///a", text: "inside" } },
  ];

  const { text, images } = toResult({ content } as never, "files");

  assert.equal(images, undefined);
  assert.deepEqual(text.split("\n"), [
    "one",
    "[a sound was left out]",
    "[a picture that cannot be shown was left out]",
    "[resource log: file:///log]",
    "[resource file:///a]",
    "inside",
  ]);
});
