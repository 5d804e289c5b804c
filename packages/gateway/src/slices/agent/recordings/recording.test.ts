import assert from "node:assert/strict";
import { test } from "node:test";
import { fromJson, type Recording, toText } from "./recording.ts";

/** A recording with a picture in what was said. */
function recording(): Recording {
  return {
    version: 1,
    run: {
      ...{ id: "r1", source: "agent", sessionKey: "agent:main:main", sessionId: "s1", acceptedAt: 1 },
      ...{ message: "Look", startedAt: 2, endedAt: 3 },
    },
    outcome: { kind: "ok", text: "A cat", provider: "a", model: "m" },
    question: {
      model: { ref: "a/m" } as Recording["question"]["model"],
      fallbacks: [],
      system: "Be kind.",
      tools: [],
    },
    beginning: {
      messages: [
        { role: "user", content: [{ kind: "image", mimeType: "image/png", data: new Uint8Array([0, 128, 255]) }] },
      ],
      pending: [],
    },
    restored: "",
    maxTurns: 5,
    names: ["call_1"],
    changing: [],
    heard: [
      {
        kind: "result",
        callId: "call_1",
        name: "look",
        result: { text: "", images: [{ mimeType: "image/png", data: new Uint8Array() }] },
      },
    ],
    wasSteered: [false],
    steered: [],
    shrunk: [null],
    exchanges: [],
    events: [],
  };
}

test("a recording comes back from its text as it was, with its pictures", () => {
  assert.deepEqual(fromJson(JSON.parse(toText(recording()))), recording());
});

test("bytes are base64 in an object of their own, whatever kind of array holds them", () => {
  const data = { plain: new Uint8Array([1, 2, 3]), buffer: Buffer.from([1, 2, 3]) };

  assert.equal(toText(data as unknown as Recording), '{"plain":{"$bytes":"AQID"},"buffer":{"$bytes":"AQID"}}');
});

for (const value of [undefined, null, "text", 4, [], {}, { version: 1 }]) {
  test(`${JSON.stringify(value)} is no recording`, () => {
    assert.equal(fromJson(value), undefined);
  });
}

const SPOILT: readonly [about: string, spoil: object][] = [
  ["of another version", { version: 2 }],
  ["of no run", { run: {} }],
  ["without a question", { question: undefined }],
  ["of no model", { question: { ...recording().question, model: {} } }],
  ["without tools", { question: { ...recording().question, tools: undefined } }],
  ["without fallbacks", { question: { ...recording().question, fallbacks: {} } }],
  ["without a beginning", { beginning: undefined }],
  ["whose beginning has no messages", { beginning: { pending: [] } }],
  ["whose beginning has no calls", { beginning: { messages: [] } }],
  ...["names", "changing", "heard", "wasSteered", "steered", "shrunk", "exchanges", "events"].map(
    (list): [string, object] => [`whose ${list} are no list`, { [list]: { length: 0 } }],
  ),
];
for (const [about, spoil] of SPOILT) {
  test(`a recording ${about} is none`, () => {
    assert.equal(fromJson({ ...recording(), ...spoil }), undefined);
  });
}
