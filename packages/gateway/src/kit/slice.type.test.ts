// What a slice does not declare does not compile. Each error that is expected here is one that TypeScript must find: where
// it finds none, this file does not compile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import type { CommandCall } from "./command.ts";
import type { Ending } from "./lifecycle.ts";
import type { Call } from "./method.ts";
import { defineSlice, type GatewayOf, inOrder, withParts } from "./slice.ts";
import type { ToolCall } from "./tool.ts";

class Clock {
  readonly now = 7;
}
class Diary {
  readonly pages: readonly string[] = [];
  readonly clock: Clock;

  constructor({ clockwork }: { clockwork: Clock }) {
    this.clock = clockwork;
  }
}
class Other {
  readonly other = true;
}

const clockwork = defineSlice({
  name: "clockwork",
  uses: [],
  load: async () => ({ Clock }),
  open: (_gateway, loaded) => new loaded.Clock(),
});
const other = defineSlice({ name: "other", uses: [], load: async () => ({ Other }), open: () => new Other() });
const diary = defineSlice({
  name: "diary-book",
  uses: [clockwork],
  load: async () => ({ Diary }),
  open: (gateway, loaded) => new loaded.Diary(gateway),
});

type Wanted = GatewayOf<typeof diary> & { readonly other: Other };

const read = { name: "diary.read", summary: "What was written.", access: "operator.read", params: {} } as const;
const look = { name: "look", summary: "Looks.", audience: "owner", changes: false, params: {} } as const;

test("a handler reaches the base, what its slice uses, and its slice's own service", () => {
  const method = diary.defineMethod({
    ...read,
    result: Type.Integer(),
    handler: ({ gateway }) => gateway.clockwork.now + gateway.diaryBook.pages.length + gateway.version.length,
  });

  assert.equal(method.name, "diary.read");
});

test("a handler, a tool and a command that reach a service which their slice did not declare do not compile", () => {
  // @ts-expect-error: the slice does not use `other`
  diary.defineMethod({ ...read, result: Type.Boolean(), handler: ({ gateway }) => gateway.other.other });
  diary.defineMethod({
    ...read,
    result: Type.Boolean(),
    handler: () => true,
    // @ts-expect-error: nor does what protocol 4 has beyond that
    four: { handler: ({ gateway }) => gateway.other.other },
  });
  // @ts-expect-error: nor may a tool
  diary.defineTool({ ...look, run: ({ gateway }) => String(gateway.other.other) });
  // @ts-expect-error: nor what a tool is missing
  diary.defineTool({ ...look, missing: (gateway) => String(gateway.other.other), run: () => "" });
  // @ts-expect-error: nor may a command
  diary.defineCommand({ name: "look", summary: "Looks.", run: ({ gateway }) => String(gateway.other.other) });
  // @ts-expect-error: nor the words that may follow it
  diary.defineCommand({ name: "look", summary: "Looks.", choices: (gateway) => [gateway.other.x], run: () => "" });

  const handler = ({ gateway }: Call<object, unknown, Wanted>) => String(gateway.other.other);
  const tool = ({ gateway }: ToolCall<object, Wanted>) => String(gateway.other.other);
  const command = ({ gateway }: CommandCall<Wanted>) => String(gateway.other.other);
  // @ts-expect-error: a function that wants more than the slice reaches is no handler of it
  diary.defineMethod({ ...read, result: Type.String(), handler });
  // @ts-expect-error: nor what a tool does
  diary.defineTool({ ...look, run: tool });
  // @ts-expect-error: nor what a command does
  diary.defineCommand({ name: "look", summary: "Looks.", run: command });
  assert.equal(diary.name, "diary-book");
});

test("a handler that answers something else than its method says does not compile", () => {
  // @ts-expect-error: the result is a number
  diary.defineMethod({ ...read, result: Type.Integer(), handler: ({ gateway }) => gateway.diaryBook.pages });

  assert.equal(read.name, "diary.read");
});

test("a slice whose service wants more than it uses does not compile", () => {
  const key = { name: "diary", load: async () => ({ Diary }) } as const;
  // @ts-expect-error: the diary is built from a clockwork, which is missing among what is used
  defineSlice({ ...key, uses: [], open: (gateway, loaded) => new loaded.Diary(gateway) });
  // @ts-expect-error: another slice is not the clockwork
  defineSlice({ ...key, uses: [other], open: (gateway, loaded) => new loaded.Diary(gateway) });
  // @ts-expect-error: what is used is a slice, not its service
  defineSlice({ ...key, uses: [new Clock()], open: (gateway, loaded) => new loaded.Diary(gateway) });

  assert.equal(key.name, "diary");
});

test("a slice whose service has a hook of another kind does not compile", () => {
  const head = { name: "hooked", uses: [], load: async () => ({}) } as const;
  const stop = async ({ reason }: Ending) => void reason;
  const right = defineSlice({ ...head, open: () => ({ stop, [Symbol.dispose]() {} }) });

  // @ts-expect-error: a start must not wait, and is given nothing
  defineSlice({ ...head, open: () => ({ start: (port: number) => port }) });
  // @ts-expect-error: a stop is told the reason, not a number
  defineSlice({ ...head, open: () => ({ stop: (code: number) => void code }) });

  assert.equal(right.name, "hooked");
});

test("a slice that offers a part of another kind does not compile", () => {
  // @ts-expect-error: the diary has no webhooks
  withParts(diary, { routes: ({ webhooks }) => [webhooks] });

  assert.deepEqual(withParts(diary, {}).methods, {});
});

test("a catalog compiles when each slice uses only those above it", () => {
  const [clock, book] = [withParts(clockwork, {}), withParts(diary, {})];

  const slices = inOrder(clock, book);
  // @ts-expect-error: the diary uses the clockwork, which stands below it
  inOrder(book, clock);
  // @ts-expect-error: the diary uses the clockwork, which is not there
  inOrder(book);

  assert.deepEqual(
    slices.map(({ name }) => name),
    ["clockwork", "diary-book"],
  );
});
