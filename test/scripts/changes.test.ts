// What a change does to the wire and to exported types, in words.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exportChanges, exportsOf } from "../../scripts/changes/exports.ts";
import { type Wire, wireChanges } from "../../scripts/changes/wire.ts";

const text = { type: "string" };
const wire: Wire = {
  methods: [{ name: "chat.send", access: "operator.write", summary: "Sends." }],
  events: [{ name: "chat", audience: "operator.read", whenSlow: "drop" }],
  definitions: {
    ChatSendParams: {
      type: "object",
      properties: {
        message: { ...text, maxLength: 100, description: "What to say." },
        parts: { type: "array", items: text },
      },
      required: ["message"],
      additionalProperties: false,
    },
  },
};
const params = wire.definitions.ChatSendParams!;
const withParams = (changed: object): Wire => ({ ...wire, definitions: { ChatSendParams: { ...params, ...changed } } });
const { message, parts } = params.properties!;

describe("the wire", () => {
  const CASES: readonly (readonly [what: string, after: Wire, lines: readonly string[]])[] = [
    ["nothing changed", wire, []],
    ["words for people", { ...wire, methods: [{ ...wire.methods[0]!, summary: "Says." }] }, []],
    [
      "a new method",
      { ...wire, methods: [...wire.methods, { name: "chat.undo", access: "operator.admin" }] },
      ["+ method chat.undo (operator.admin)"],
    ],
    ["a method that is gone", { ...wire, methods: [] }, ["- method chat.send"]],
    [
      "another scope",
      { ...wire, methods: [{ ...wire.methods[0]!, access: "operator.read" }] },
      ["~ method chat.send: access was operator.write, is operator.read"],
    ],
    [
      "an event that slow readers no longer miss",
      { ...wire, events: [{ ...wire.events[0]!, whenSlow: "close" }] },
      ["~ event chat: whenSlow was drop, is close"],
    ],
    ["a new type", { ...wire, definitions: { ...wire.definitions, Extra: text } }, ["+ type Extra"]],
    [
      "a new field",
      withParams({ properties: { message, parts, quiet: { type: "boolean" } } }),
      ['+ ChatSendParams.quiet: {"type":"boolean"}, optional'],
    ],
    ["a field that is gone", withParams({ properties: { message } }), ["- ChatSendParams.parts"]],
    [
      "a field that is needed now",
      withParams({ required: ["message", "parts"] }),
      ["~ ChatSendParams.parts: was optional, is required"],
    ],
    [
      "a limit deep inside",
      withParams({
        properties: { message: { ...message, maxLength: 50 }, parts: { ...parts, items: { type: "integer" } } },
      }),
      ["~ ChatSendParams.message: maxLength was 100, is 50", "~ ChatSendParams.parts[]: type was string, is integer"],
    ],
    [
      "a type that takes unknown fields now",
      withParams({ additionalProperties: true }),
      ["~ ChatSendParams: additionalProperties was false, is true"],
    ],
  ];
  for (const [what, after, lines] of CASES)
    test(what, () => {
      assert.deepEqual(wireChanges(wire, after), lines);
    });
});

describe("exported types", () => {
  const before = exportsOf([
    "/** Says. */\nexport interface Said {\n    /** What. */\n    readonly text: string;\n}\nexport declare function say(text: string): Said;\ninterface Hidden {\n    x: 1;\n}\nexport {};\n",
  ]);

  test("comments and files are no part of a type", () => {
    const moved = exportsOf([
      "export declare function say(text: string): Said;\n",
      "export interface Said {\n    readonly text: string;\n}\n",
    ]);

    assert.deepEqual(exportChanges(before, moved), []);
  });

  test("new, gone and changed exports are named", () => {
    const after = exportsOf([
      "export declare function say(text: string, loud?: boolean): Said;\nexport type Loud = boolean;\n",
    ]);

    assert.deepEqual(exportChanges(before, after), [
      "+ Loud: type Loud = boolean;",
      "- Said",
      "~ say",
      "    was function say(text: string): Said;",
      "    is  function say(text: string, loud?: boolean): Said;",
    ]);
  });
});
