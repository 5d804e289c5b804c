// The canvas from the command line: draw, look back, take back, open.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { Home } from "./harness.ts";

const TOKEN = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };

test("a screen is drawn from a file, listed, printed, taken back, and drawn again from what was printed", async () => {
  using home = new Home();
  await using _gateway = await home.gateway([], TOKEN);
  const file = join(home.stateDir, "screen.jsonl");
  writeFileSync(file, LAMPS);
  const run = (args: readonly string[], input?: string) =>
    home.run(["canvas", ...args], { env: TOKEN, ...(input !== undefined && { input }) });

  const pushed = await run(["push", file]);
  const history = JSON.parse((await run(["history", "--json"])).stdout);
  const replayed = await run(["replay"]);
  const undone = await run(["undo"]);
  const empty = await run(["replay"]);
  const again = await run(["push"], replayed.stdout);

  assert.match(pushed.stdout, /^Drawn as entry 1; the screen shows main\.$/m);
  assert.deepEqual(
    history.entries.map(({ kind, author }: { kind: string; author: string }) => [kind, author]),
    [["push", "person"]],
  );
  assert.equal(replayed.stdout.trim().split("\n").length, 3);
  assert.match(undone.stdout, /^Took back entry 1: drew 3 messages\.$/m);
  assert.match(empty.stderr, /The screen is empty/);
  assert.match(again.stdout, /the screen shows main/);
});

test("mistakes are sentences: a bad line, a missing file, an entry that is none, no node", async () => {
  using home = new Home();
  await using _gateway = await home.gateway([], TOKEN);
  const run = (args: readonly string[], input = "") => home.run(["canvas", ...args], { env: TOKEN, input });

  const line = await run(["push"], `${LAMPS}{"nothing":1}\n`);
  const missing = await run(["push", "no-such-file.jsonl"]);
  const entry = await run(["replay", "newest"]);
  const node = await run(["snapshot"]);

  assert.match(line.stderr, /^Line 4: /m);
  assert.match(missing.stderr, /no-such-file\.jsonl cannot be read/);
  assert.match(entry.stderr, /Name an entry by its number/);
  assert.match(node.stderr, /No connected node has canvas\.snapshot/);
  assert.ok([line, missing, entry, node].every(({ code }) => code !== 0));
});

test("the folder and the addresses are printed, and status says what is wrong", async () => {
  using home = new Home();
  await using gateway = await home.gateway([], TOKEN);
  const busy = String(new URL(gateway.url).port);
  using other = new Home();
  await using _second = await other.gateway([], { ...TOKEN, MOLTBOT_CANVAS_PORT: busy });

  const path = await home.run(["canvas", "path"], { env: TOKEN });
  const page = await home.run(["canvas", "open", "charts/week.html", "--no-open"], { env: TOKEN });
  const screen = await home.run(["canvas", "open", "--screen", "--json"], { env: TOKEN });
  const status = await other.run(["status"], { env: TOKEN });

  assert.equal(path.stdout.trim(), join(home.stateDir, "workspace", "canvas"));
  assert.match(
    page.stdout,
    /^http:\/\/127\.0\.0\.1:\d+\/__openclaw__\/cap\/[\w-]{24}\/__moltbot__\/canvas\/charts\/week\.html\n$/,
  );
  assert.match(JSON.parse(screen.stdout).url, /\/__moltbot__\/a2ui\/$/);
  assert.match(
    status.stdout.replace(/\s+/g, " "),
    /the canvas has no port of its own .* set canvasHost\.port to a free one/i,
  );
});
