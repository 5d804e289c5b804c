// The container files: their steps, run in a bare folder, because no container engine is needed to see that they work.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { parse } from "yaml";
import { ROOT } from "../support/imports.ts";

interface Step {
  readonly word: string;
  readonly rest: string;
}

const stages = readStages(readFileSync(join(ROOT, "Dockerfile"), "utf8"));
const final = stages.at(-1)!;

test("every stage stands on a Node that the package takes", () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, "packages/gateway/package.json"), "utf8"));

  const majors = stages.map((stage) => /^node:(\d+)-/.exec(stage[0]!.rest)?.[1]);

  for (const major of majors) assert.ok(Number(major) >= Number(engines.node.replace(">=", "")), `node:${major}`);
});

test("the build stage runs scripts that there are, and packs what the last stage installs", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const run = wordOf(stages[0]!, "RUN");

  const named = [...run.matchAll(/npm run (\S+)/g)].map(([, name]) => name!);
  const workspace = /--workspace (\S+)/.exec(run)![1]!;
  const destination = /--pack-destination (\S+)/.exec(run)![1]!;

  assert.deepEqual([named.length > 0, named.filter((name) => !(name in scripts))], [true, []]);
  assert.ok(existsSync(join(ROOT, workspace, "package.json")));
  assert.equal(wordOf(final, "COPY"), `--from=build ${destination} ${destination}`);
  assert.match(wordOf(final, "RUN"), new RegExp(`npm install .*${destination}/\\*\\.tgz`));
});

test("the image runs as a user without rights, and keeps its state in its volume", () => {
  const words = final.map(({ word }) => word);

  assert.equal(wordOf(final, "USER"), "node");
  assert.ok(words.indexOf("USER") < words.indexOf("CMD"));
  assert.equal(environment().MOLTBOT_STATE_DIR, wordOf(final, "VOLUME"));
});

test("the command of the image starts a gateway that its health check finds well, and that ends at the stop signal", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-image-"));
  const state = join(folder, "data");
  const env = { PATH: process.env.PATH, HOME: folder, ...environment(state), MOLTBOT_GATEWAY_PORT: "0" };
  const [program, ...words] = started(wordOf(final, "CMD"));
  const gateway = spawn(program!, words, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    for await (const line of createInterface({ input: gateway.stdout })) if (line.includes("is running")) break;
    gateway.stdout.resume();

    const [asker, ...asked] = started(wordOf(final, "HEALTHCHECK").split(" CMD ")[1]!);
    const answer = execFileSync(asker!, asked, {
      cwd: folder,
      env: { ...env, MOLTBOT_GATEWAY_PORT: "" },
      encoding: "utf8",
    });

    assert.match(answer, /is well/);
    assert.deepEqual(readdirSync(folder), ["data"]);
  } finally {
    const ended = once(gateway, "exit");
    gateway.kill(wordOf(final, "STOPSIGNAL") as NodeJS.Signals);
    const [code] = await ended;
    rmSync(folder, { recursive: true, force: true });
    assert.equal(code, 0);
  }
});

test("the composition publishes the ports of the image to this machine only, and keeps the volume", () => {
  const { services, volumes } = parse(readFileSync(join(ROOT, "compose.yaml"), "utf8"));
  const { gateway } = services;

  const ports = gateway.ports.map((port: string) => /^127\.0\.0\.1:(\d+):(\d+)$/.exec(port)?.slice(1));

  assert.deepEqual(
    ports,
    wordOf(final, "EXPOSE")
      .split(" ")
      .map((port) => [port, port]),
  );
  const [name, at] = gateway.volumes[0].split(":");
  assert.deepEqual([name in volumes, at], [true, wordOf(final, "VOLUME")]);
  assert.deepEqual([gateway.init, gateway.read_only, gateway.cap_drop], [true, true, ["ALL"]]);
});

/** The stages of a Dockerfile, each as its instructions in order. */
function readStages(text: string): Step[][] {
  const lines = text.replace(/\\\n/g, " ").split("\n");
  const steps = lines
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => ({ word: line.split(" ")[0]!, rest: line.slice(line.indexOf(" ") + 1).trim() }));
  const starts = steps.flatMap(({ word }, index) => (word === "FROM" ? [index] : []));
  return starts.map((start, index) => steps.slice(start, starts[index + 1]));
}

function wordOf(stage: readonly Step[], word: string): string {
  const step = stage.find((each) => each.word === word);
  assert.ok(step, `the stage has no ${word}`);
  return step.rest;
}

/** The environment of the image; with its volume at `volume`. */
function environment(volume?: string): Record<string, string> {
  const pairs = wordOf(final, "ENV")
    .split(" ")
    .map((pair) => pair.split("=") as [string, string]);
  const at = wordOf(final, "VOLUME");
  return Object.fromEntries(
    pairs.map(([name, value]) => [name, volume === undefined ? value : value.replace(at, volume)]),
  );
}

/** What a JSON list of words starts here: `moltbot` is the built command, and it listens on loopback only. */
function started(list: string): string[] {
  const [program, ...words] = JSON.parse(list) as string[];
  assert.equal(program, "moltbot");
  const here = words.map((word) => (word === "lan" ? "loopback" : word));
  return [process.execPath, join(ROOT, "packages/gateway/bin/moltbot.mjs"), ...here];
}
