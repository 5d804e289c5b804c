import assert from "node:assert/strict";
import { test } from "node:test";
import type { Base } from "./base.ts";
import { type Lifecycle, openSlices } from "./lifecycle.ts";
import { defineSlice, type Slice, withParts } from "./slice.ts";

const ENDING = { reason: "a test", restartExpectedMs: null };

/** A base whose log keeps what it is told of slices that fail. */
function baseWithLog() {
  const told: unknown[] = [];
  const log = {
    error: (sentence: string, { slice, hook }: { slice: string; hook: string }) => told.push({ sentence, slice, hook }),
  };
  return { base: { log } as unknown as Base, told };
}

/** A slice whose service is this. */
function sliceOf(name: string, service: Lifecycle): Slice {
  return withParts(defineSlice({ name, uses: [], load: async () => service, open: (_gateway, module) => module }), {});
}

/** A slice that writes down what happens to it. */
function talkative(name: string, said: string[]): Slice {
  const say = (what: string) => () => void said.push(`${name} ${what}`);
  return sliceOf(name, {
    resume: say("resumes"),
    start: say("starts"),
    stop: ({ reason }) => void said.push(`${name} stops for ${reason}`),
    [Symbol.asyncDispose]: async () => void said.push(`${name} is taken down`),
  });
}

test("slices open, resume, start and stop in their order, and are taken down in reverse", async () => {
  const said: string[] = [];
  const stack = new AsyncDisposableStack();
  const services = await openSlices([talkative("a", said), talkative("b", said)], baseWithLog().base, stack);

  services.resume();
  services.start();
  await services.stop(ENDING);
  await stack.disposeAsync();

  assert.deepEqual(said, [
    ...["a resumes", "b resumes", "a starts", "b starts"],
    ...["a stops for a test", "b stops for a test", "b is taken down", "a is taken down"],
  ]);
});

test("every slice opens with the one gateway, in which each service stands under its slice's name", async () => {
  const seen: unknown[] = [];
  const open = (gateway: Base) => {
    seen.push(gateway);
    return {};
  };
  const slice = (name: string) => withParts(defineSlice({ name, uses: [], load: async () => ({}), open }), {});
  await using stack = new AsyncDisposableStack();

  const { gateway } = await openSlices([slice("first"), slice("http-api")], baseWithLog().base, stack);

  assert.deepEqual(
    seen.map((each) => each === gateway),
    [true, true],
  );
  assert.deepEqual(Object.keys(gateway), ["log", "first", "httpApi"]);
});

test("a slice without a service only defines", async () => {
  await using stack = new AsyncDisposableStack();
  const slice = withParts(defineSlice({ name: "words", uses: [] }), {});

  const services = await openSlices([slice], baseWithLog().base, stack);

  assert.deepEqual(Object.keys(services.gateway), ["log"]);
  assert.deepEqual(services.routes(), []);
});

test("a slice that cannot open is named in the log, and what it throws ends the start", async () => {
  const { base, told } = baseWithLog();
  const problem = new Error("no disk");
  const broken = withParts(
    defineSlice({
      ...{ name: "broken", uses: [], load: async () => ({}) },
      open(): object {
        throw problem;
      },
    }),
    {},
  );
  await using stack = new AsyncDisposableStack();

  await assert.rejects(openSlices([broken], base, stack), problem);

  assert.deepEqual(told, [{ sentence: "a slice failed", slice: "broken", hook: "open" }]);
});

for (const hook of ["resume", "start"] as const) {
  test(`a slice that cannot ${hook} is named in the log, and what it throws ends the start`, async () => {
    const { base, told } = baseWithLog();
    const problem = new Error("no disk");
    await using stack = new AsyncDisposableStack();
    const fail = () => {
      throw problem;
    };
    const services = await openSlices([sliceOf("broken", { [hook]: fail })], base, stack);

    assert.throws(() => services[hook](), problem);

    assert.deepEqual(told, [{ sentence: "a slice failed", slice: "broken", hook }]);
  });
}

test("a slice that cannot stop is named in the log; the others stop all the same, once, and the first failure is told", async () => {
  const { base, told } = baseWithLog();
  const said: string[] = [];
  const problem = new Error("no disk");
  await using stack = new AsyncDisposableStack();
  const slices = [sliceOf("broken", { stop: () => Promise.reject(problem) }), talkative("b", said)];
  const services = await openSlices(slices, base, stack);

  const stops = [services.stop(ENDING), services.stop(ENDING)];

  for (const stop of stops) await assert.rejects(stop, problem);
  assert.deepEqual(said, ["b stops for a test"]);
  assert.deepEqual(told, [{ sentence: "a slice failed", slice: "broken", hook: "stop" }]);
});

test("a slice that cannot be taken down is named in the log, and the others are taken down", async () => {
  const { base, told } = baseWithLog();
  const said: string[] = [];
  const problem = new Error("no disk");
  const stack = new AsyncDisposableStack();
  const fails = {
    [Symbol.dispose]() {
      throw problem;
    },
  };
  await openSlices([talkative("a", said), sliceOf("broken", fails)], base, stack);

  await assert.rejects(stack.disposeAsync(), problem);

  assert.deepEqual(said, ["a is taken down"]);
  assert.deepEqual(told, [{ sentence: "a slice failed", slice: "broken", hook: "be taken down" }]);
});
