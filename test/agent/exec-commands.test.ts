// /approve, /deny and /allowlist: one command answers for devices and for commands, each with the scope it needs.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newDeviceKey } from "../support/device-key.ts";
import type { Connected } from "../support/gateway.ts";
import { say } from "./support.ts";
import { toolStage } from "./tool-stage.ts";

const stage = await toolStage();
const { gateway } = stage;
/** Beside the one that asks. */
const owner = await gateway.connect({ scopes: ["operator.admin"] });
after(() => stage[Symbol.asyncDispose]());

let count = 0;

async function operator(...scopes: string[]): Promise<Connected> {
  return await gateway.connect({ scopes: ["operator.write", ...scopes] });
}

/** What is answered in a conversation of its own. */
async function answer(client: Connected, text: string): Promise<string> {
  return await say(client, text, `commands-${++count}`);
}

/** A command that waits for approval; its code. */
async function waits(): Promise<{ code: string; told: Promise<string> }> {
  const told = stage.use("exec", { command: "mkdir somewhere" }, `asking-${++count}`);
  const { payload } = await stage.client.nextOf("exec.approval.requested");
  return { code: payload.code, told };
}

test("whoever may only write decides about nothing", async () => {
  const { code, told } = await waits();
  const writer = await operator();

  const allowed = await answer(writer, `/approve ${code}`);
  const denied = await answer(writer, `/deny ${code}`);
  const listed = await answer(writer, "/approve");
  const trusted = await answer(writer, "/allowlist add ls");

  const refusal = /needs the operator\.approvals or operator\.pairing scope/;
  assert.match(allowed, refusal);
  assert.match(denied, refusal);
  assert.doesNotMatch(listed, new RegExp(code));
  assert.match(trusted, /needs the operator\.admin scope/);
  assert.equal(await answer(owner, `/deny ${code}`), "Denied.");
  await told;
});

test("the scope for devices is not one for commands, and the other way round", async () => {
  const { code, told } = await waits();
  const device = newDeviceKey();
  const refused = await gateway.refused(
    { device, scopes: ["operator.read"] },
    { headers: { "x-forwarded-for": "9.9.9.9" } },
  );
  const requestId = refused.error!.details!.requestId;
  const approver = await operator("operator.pairing");
  const judge = await operator("operator.approvals");

  const approverOnCommand = await answer(approver, `/approve ${code}`);
  const judgeOnDevice = await answer(judge, `/approve ${requestId}`);
  const judgeOnCommand = await answer(judge, `/approve ${code} once`);
  const approverOnDevice = await answer(approver, `/deny ${requestId}`);

  assert.match(approverOnCommand, /^Nothing waits under that code/);
  assert.match(judgeOnDevice, /^This connection may not decide/);
  assert.equal(judgeOnCommand, "Allowed once.");
  assert.equal(approverOnDevice, "Turned away.");
  assert.match(await told, /exit code 0/);
});

test("what waits is listed, an answer that is none is explained, and a second one comes too late", async () => {
  const { code, told } = await waits();

  const listed = await answer(owner, "/approve");
  const unclear = await answer(owner, `/approve ${code} perhaps`);
  const denied = await answer(owner, `/approve ${code} deny`);
  const late = await answer(owner, `/approve ${code}`);

  assert.match(listed, new RegExp(`^These wait:\n- \`${code}\`: \`mkdir somewhere\`\n`));
  assert.match(unclear, /^Write `\/approve CODE`/);
  assert.equal(denied, "Denied.");
  assert.match(late, /^Nothing waits under that code/);
  assert.match(await told, /said no/);
});

test("the allowlist is shown and changed", async () => {
  const empty = await answer(owner, "/allowlist");
  const added = await answer(owner, "/allowlist add ls");
  const shown = await answer(owner, "/allowlist");
  const path = /`(.*?)`/.exec(shown)![1]!;
  const removed = await answer(owner, `/allowlist remove ${path}`);

  assert.match(empty, /^The allowlist is empty/);
  assert.match(added, /^`\/.*ls` runs without being asked for from now on\.$/);
  assert.match(path, /^\/.*\/ls$/);
  assert.equal(removed, "Removed.");
});
