import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Type } from "@sinclair/typebox";
import { FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import type { Base } from "../../../../kit/base.ts";
import { defineTool, type Tool, type ToolCall, type ToolRun } from "../../../../kit/tool.ts";
import type { ToolSettings } from "../settings.ts";
import { Toolbox } from "./toolbox.ts";

const RUN: ToolRun = {
  ...{ id: "r1", agentId: "main", sessionKey: "agent:main:main", sessionId: "s1", audience: "owner" },
  starter: { principal: "shared", scopes: ["operator.write"], name: "me" },
};

/** A toolbox with one tool, a clock that stands still, and what was logged. */
function boxOf(tool: Tool, settings: ToolSettings = {}) {
  const clock = new FakeClock();
  const logged: string[] = [];
  const gateway = { log: { warn: (sentence: string) => logged.push(sentence) } } as unknown as Base;
  const box = new Toolbox({
    ...{ builtin: () => [tool], clock },
    settings: () => settings,
    policyOf: () => undefined,
    gateway,
  });
  const stop = new AbortController();
  const updates: string[] = [];
  const call = async (args: unknown, name = tool.name) =>
    await box.call(
      { callId: "c1", name, args, raw: JSON.stringify(args) ?? "{oops" },
      { run: RUN, tools: [tool], signal: stop.signal, update: (text) => updates.push(text) },
    );
  return { box, clock, logged, stop, updates, call };
}

function toolOf(run: (call: ToolCall<{ n?: number }>) => unknown, more: Partial<Tool> = {}): Tool {
  return {
    ...defineTool({
      ...{ name: "count", summary: "Counts.", audience: "owner", changes: false },
      params: { n: Type.Optional(Type.Integer({ minimum: 1, description: "How far." })) },
      run: run as never,
    }),
    ...more,
  };
}

describe("a call", () => {
  test("gets checked arguments, its id and its run, and answers with text or a result", async () => {
    const { call, updates } = boxOf(
      toolOf(({ params, callId, run, update }) => {
        update("half");
        return { text: `${params.n} ${callId} ${run.id}`, meta: { n: params.n } };
      }),
    );

    assert.deepEqual(await call({ n: 2 }), { text: "2 c1 r1", meta: { n: 2 } });
    assert.deepEqual(updates, ["half"]);
  });

  for (const [what, args, text] of [
    [
      "a value out of range",
      { n: 0 },
      "The arguments of count are not right: at /n: must be >= 1. Correct them and call again.",
    ],
    [
      "an unknown name",
      { m: 1 },
      "The arguments of count are not right: at root: unexpected property 'm'. Correct them and call again.",
    ],
    ["no object", [], "The arguments of count are not right: must be object. Correct them and call again."],
    ["no JSON", undefined, "The arguments are not a JSON object: {oops. Call count again."],
  ] as const) {
    test(`with ${what} does not run, and says what is wrong`, async () => {
      let ran = false;
      const { call } = boxOf(toolOf(() => (ran = true)));

      assert.deepEqual(await call(args), { text, isError: true });
      assert.equal(ran, false);
    });
  }

  test("of a tool that is not there names those that are", async () => {
    const { call } = boxOf(toolOf(() => "1"));

    assert.deepEqual(await call({}, "cuont"), {
      text: 'There is no tool "cuont" here; there are count.',
      isError: true,
    });
    assert.match((await call({}, "x".repeat(5_000))).text, /^There is no tool "x{64}" here/);
  });

  test("that fails says why; a fault of ours is logged", async () => {
    const refused = boxOf(toolOf(() => Promise.reject(invalidRequest("there is nothing to count"))));
    const broken = boxOf(
      toolOf(() => {
        throw new TypeError("x is not a function");
      }),
    );

    assert.deepEqual(await refused.call({}), { text: "count: there is nothing to count", isError: true });
    const { text, isError } = await broken.call({});
    assert.match(text, /^count: an unexpected error happened; the log says more under e-[0-9a-f]{8}$/);
    assert.equal(isError, true);
    assert.deepEqual([refused.logged, broken.logged], [[], ["a tool failed"]]);
  });
});

describe("time", () => {
  test("a tool that ignores its signal is left a second after its limit, and that is the answer", async () => {
    const { call, clock } = boxOf(toolOf(() => new Promise(() => {}), { timeoutMs: 5_000 }));
    const answer = call({});
    await Promise.resolve();

    clock.advance(5_000);
    await Promise.resolve();
    clock.advance(1_000);

    assert.deepEqual(await answer, { text: "count did not end within 5 s and was stopped.", isError: true });
    assert.equal(clock.pending, 0);
  });

  test("a tool that ends at its signal may say what it has", async () => {
    const { call, clock } = boxOf(
      toolOf(({ signal }) => new Promise((done) => signal.addEventListener("abort", () => done("as far as 3")))),
    );
    const answer = call({});
    await Promise.resolve();

    clock.advance(120_000);

    assert.deepEqual(await answer, { text: "as far as 3" });
  });

  test("when the run is stopped the call ends with the run's reason, whatever the tool does", async () => {
    const stubborn = boxOf(toolOf(() => new Promise(() => {})));
    const answer = assert.rejects(stubborn.call({}), { message: "stopped" });
    await Promise.resolve();

    stubborn.stop.abort(new Error("stopped"));
    stubborn.clock.advance(1_000);
    await answer;

    const late = boxOf(toolOf(() => assert.fail("it ran")));
    late.stop.abort(new Error("stopped before"));
    await assert.rejects(late.call({}), { message: "stopped before" });
    assert.equal(stubborn.clock.pending + late.clock.pending, 0);
  });
});

describe("output", () => {
  test("a flood is cut in the middle, and that is said", async () => {
    const { call } = boxOf(toolOf(() => `begin${"x".repeat(10_000_000)}end`, { maxChars: 1_000 }));

    const { text } = await call({});

    assert.ok(text.length < 1_100);
    assert.match(text, /^beginx+\n\n\[… 9999008 of 10000008 characters left out …\]\n\nx+end$/);
  });

  test("too many pictures are left out, and that is said; facts that are not small are not told", async () => {
    const images = Array.from({ length: 10 }, () => ({ mimeType: "image/png", data: new Uint8Array(4_000_000) }));
    const { call } = boxOf(toolOf(() => ({ text: "all", images, meta: { all: "x".repeat(5_000) } })));

    const result = await call({});

    assert.deepEqual(
      [result.text, result.images?.length, result.meta],
      ["all\n\n[6 of 10 pictures left out]", 4, undefined],
    );
  });

  test("of a thousand updates at once the first is told, and the beginning of a long one is not", async () => {
    const { call, updates } = boxOf(
      toolOf(({ update }) => {
        for (let n = 0; n < 1_000; n++) update(`${"x".repeat(10_000)}${n}`);
        return "done";
      }),
    );

    await call({});

    assert.deepEqual(updates, [`${"x".repeat(3_999)}0`]);
  });

  test("half characters do not come out of it", async () => {
    const { call } = boxOf(toolOf(() => "😀".repeat(1_000), { maxChars: 101 }));
    const { call: lone } = boxOf(toolOf(() => "a\ud83d"));

    assert.ok((await call({})).text.isWellFormed());
    assert.equal((await lone({})).text, "a\ufffd");
  });
});

describe("which tools a run is offered", () => {
  test("those of sources too, and none that lacks something or is not allowed; each is explained", async () => {
    const { box } = boxOf(
      toolOf(() => "1"),
      { deny: ["mcp_*"] },
    );
    const { signal } = new AbortController();
    box.sources.add({
      toolsFor: async () => [toolOf(() => "2", { name: "mcp_home" }), toolOf(() => "3", { name: "more" })],
    });
    box.sources.add({ toolsFor: async () => [toolOf(() => "4", { name: "keyed", missing: () => "set a key" })] });

    assert.deepEqual(
      (await box.toolsFor(RUN, signal)).map(({ name }) => name),
      ["count", "more"],
    );
    assert.deepEqual(
      (await box.explain(RUN, signal)).map(({ tool: { name }, why }) => [name, why]),
      [
        ["count", undefined],
        ["mcp_home", "the rules of tools deny it"],
        ["more", undefined],
        ["keyed", "set a key"],
      ],
    );
  });
});
