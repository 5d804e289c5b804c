// Live reload: open pages load again when files change, once for many changes, and not for what is never served.
import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { askRaw, type CanvasStage, canvasStage, Listener } from "../support/canvas.ts";

const stage = await canvasStage();
after(() => stage[Symbol.asyncDispose]());

/** Opens a page on a canvas; the socket is watched from here on. */
async function page({ port }: Pick<CanvasStage, "port"> = stage): Promise<Listener> {
  return await Listener.open(`ws://127.0.0.1:${port}/__moltbot/ws`);
}

/** What a page was told by the time when it hears of a last change. */
async function toldUntilMarked(listener: Listener): Promise<number> {
  const before = listener.received.length;
  // Longer than the gateway waits after a write: what was to be told of earlier changes has been.
  await sleep(400);
  const told = listener.received.length;
  stage.write("mark.txt", String(Math.random()));
  await listener.message(Math.max(before, told));
  return told;
}

test("every page is told of a write", async () => {
  using one = await page();
  using other = await page();

  stage.write("index.html", "<p>1</p>");

  assert.deepEqual([await one.message(0), await other.message(0)], ["reload", "reload"]);
});

test("fifty writes are two reloads at most", async () => {
  using listener = await page();

  for (let index = 0; index < 50; index++) {
    writeFileSync(join(stage.root, `burst-${index % 5}.txt`), String(index));
    await sleep(2);
  }
  await listener.message(0);
  const told = await toldUntilMarked(listener);

  assert.ok(told <= 2, `${told} reloads`);
});

test("a dotfile and a file of node_modules are no reason to load again", async () => {
  using listener = await page();

  stage.write(".draft", "words");
  stage.write("node_modules/one.js", "words");
  const told = await toldUntilMarked(listener);

  assert.equal(told, 0);
});

test("files in new folders, files that were renamed and files that have gone are", async () => {
  using listener = await page();
  mkdirSync(join(stage.root, "new"));
  await listener.message(0);
  writeFileSync(join(stage.root, "new", "a.txt"), "a");
  await listener.message(1);
  renameSync(join(stage.root, "new", "a.txt"), join(stage.root, "new", "b.txt"));
  await listener.message(2);
  rmSync(join(stage.root, "new"), { recursive: true });

  assert.equal(await listener.message(3), "reload");
});

test("a folder that is made when somebody looks is watched", async () => {
  await using other = await canvasStage();
  rmSync(other.root, { recursive: true });
  await other.gateway.stop();
  const skip = other.gateway.log.length;
  await other.gateway.start();
  const { fields } = await other.gateway.logged("the canvas listens", skip);
  const port = Number(fields.port);
  using listener = await page({ port });

  writeFileSync(join(other.root, "index.html"), "<p>1</p>");

  assert.equal(await listener.message(0), "reload");
  assert.equal((await askRaw(port, "/__moltbot__/canvas/")).status, 200);
});

test("a folder that another one replaces is watched, the root too", async () => {
  await using other = await canvasStage();
  const aside = `${other.root}-aside`;
  mkdirSync(join(aside, "sub"), { recursive: true });
  mkdirSync(join(other.root, "sub"));
  using listener = await page(other);
  other.write("begin.txt", "1");
  await listener.message(0);
  rmSync(join(other.root, "sub"), { recursive: true });
  renameSync(join(aside, "sub"), join(other.root, "sub"));
  await listener.message(1);
  other.write("sub/a.txt", "1");
  await listener.message(2);
  renameSync(other.root, `${other.root}-old`);
  renameSync(aside, other.root);
  await listener.message(3);

  other.write("index.html", "<p>1</p>");

  assert.equal(await listener.message(4), "reload");
});

test("switched off, the socket is not there", async () => {
  await using off = await canvasStage({ liveReload: false });

  const { status, body } = await askRaw(off.port, "/__moltbot/ws");

  assert.deepEqual([status, body], [404, "not found"]);
  await assert.rejects(page(off), /refused with 404/);
});
