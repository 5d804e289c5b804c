import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { defineEvent } from "./event.ts";
import { defineMethod, Serialized } from "./method.ts";
import { NonEmpty } from "./schema/schema.ts";
import { type Schema, validationText } from "./schema/validate.ts";

const plain = { name: "x", summary: "For tests.", access: "operator.read", result: Type.Null() } as const;

test("params are closed unless a method is open", () => {
  const closed = defineMethod({ ...plain, params: { text: NonEmpty }, handler: () => null });
  const open = defineMethod({ ...plain, open: true, params: { text: NonEmpty }, handler: () => null });

  const given = { text: "hi", more: 1 };
  assert.equal(validationText(closed.params as Schema, given), "at root: unexpected property 'more'");
  assert.equal(validationText(open.params as Schema, given), undefined);
});

test("a method that is once requires an idempotency key, and its handler has it", () => {
  const method = defineMethod({
    ...plain,
    once: true,
    params: { text: Type.Optional(NonEmpty) },
    handler: ({ params }) => {
      const key: string = params.idempotencyKey;
      return key === "" ? null : null;
    },
  });

  assert.equal(validationText(method.params as Schema, {}), "must have required property 'idempotencyKey'");
  assert.equal(validationText(method.params as Schema, { idempotencyKey: "k" }), undefined);
});

test("a method is listed, answers once and may run twice unless it says otherwise", () => {
  const { once, ack, listed } = defineMethod({ ...plain, params: {}, handler: () => null });

  assert.deepEqual({ once, ack, listed }, { once: false, ack: undefined, listed: true });
});

test("types: a handler sees its params and must return its result", () => {
  defineMethod({
    ...plain,
    params: { count: Type.Optional(Type.Integer()) },
    // @ts-expect-error: the result is null
    handler: ({ params }) => params.count ?? 0,
  });
  defineMethod({
    ...plain,
    params: {},
    // @ts-expect-error: there is no such parameter
    handler: ({ params }) => params.count,
  });
  defineMethod({
    ...plain,
    params: {},
    ack: Type.Object({ runId: NonEmpty }),
    handler: ({ ack }) => {
      // @ts-expect-error: not what the acknowledgement declares
      ack({ id: "1" });
      return null;
    },
  });
});

test("a result can be serialised once for many answers", () => {
  assert.equal(Serialized.of({ ok: true }).json, '{"ok":true}');
});

test("an event carries no state version unless it says so", () => {
  const common = { name: "e", summary: "For tests.", audience: "everyone", whenSlow: "drop" } as const;

  const events = [
    defineEvent({ ...common, payload: Type.Null() }),
    defineEvent({ ...common, stateVersion: true, payload: Type.Null() }),
  ];

  assert.deepEqual(
    events.map(({ stateVersion }) => stateVersion),
    [false, true],
  );
});
