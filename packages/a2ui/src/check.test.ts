// What is refused, and what every component of 0.8 becomes, as tables.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { A2uiError } from "./error.ts";
import { LIMITS } from "./limits.ts";
import { readMessages } from "./read.ts";

const CATALOG = "https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json";
const V9 = { version: "v0.9" };

/** What reading these messages says is wrong. */
function wrong(...messages: readonly unknown[]): string {
  try {
    readMessages({ messages });
  } catch (error) {
    assert.ok(error instanceof A2uiError, String(error));
    return error.reason;
  }
  return "nothing";
}

/** A message of 0.9 that shows one component. */
function shown(component: object): object {
  return { ...V9, updateComponents: { surfaceId: "s", components: [{ id: "a", ...component }] } };
}

const REFUSED: readonly (readonly [why: string, message: unknown, reason: RegExp])[] = [
  ["no object", "text", /^a message must be an object, not a text$/],
  ["null", null, /^a message must be an object, not null$/],
  ["an unknown version", { version: "v0.7", deleteSurface: {} }, /^version "v0.7" is unknown; use "v0.9" or "1.0"/],
  ["0.8 with a version", { version: "v0.8", deleteSurface: {} }, /^version "v0.8" is unknown/],
  ["nothing said", V9, /^a message must hold exactly one of createSurface, .*; it holds none$/],
  ["two things said", { ...V9, createSurface: {}, deleteSurface: {} }, /^a message must hold exactly one of/],
  [
    "two things said in 0.8",
    { surfaceUpdate: {}, deleteSurface: {} },
    /^a message must hold exactly one of surfaceUpdate/,
  ],
  ["an odd key", { ...V9, deleteSurface: { surfaceId: "s" }, odd: 1 }, /^the message has no "odd"; it takes version/],
  ["an odd key inside", { ...V9, deleteSurface: { surfaceId: "s", odd: 1 } }, /^deleteSurface has no "odd"/],
  [
    "0.9 without its version",
    { createSurface: { surfaceId: "s" } },
    /^createSurface belongs to A2UI 0.9; add "version":"v0.9"/,
  ],
  ["0.8's key in 0.9", { ...V9, surfaceUpdate: {} }, /^the message has no "surfaceUpdate"/],
  [
    "beginRendering in 0.9",
    { ...V9, beginRendering: { surfaceId: "s", root: "a" } },
    /^the message has no "beginRendering"/,
  ],
  ["an odd origin", { ...V9, origin: "x", deleteSurface: { surfaceId: "s" } }, /^"origin" is not a part of A2UI/],
  ["no surface", { ...V9, deleteSurface: {} }, /^"surfaceId" of deleteSurface must be an id, not missing$/],
  [
    "an odd id",
    { ...V9, deleteSurface: { surfaceId: "a b" } },
    /^"surfaceId" of deleteSurface "a b" must be 1 to 128 letters/,
  ],
  ["a long id", { ...V9, deleteSurface: { surfaceId: "a".repeat(129) } }, /must be 1 to 128 letters/],
  ["no catalog", { ...V9, createSurface: { surfaceId: "s" } }, /^createSurface needs "catalogId": "https:/],
  [
    "an unknown catalog",
    { ...V9, createSurface: { surfaceId: "s", catalogId: "https://example.com/c.json" } },
    /^"catalogId" of createSurface "https:\/\/example.com\/c.json" is unknown; use/,
  ],
  [
    "a colour that is none",
    { ...V9, createSurface: { surfaceId: "s", catalogId: CATALOG, theme: { primaryColor: "red;x:y" } } },
    /^"primaryColor" must be a colour such as "#3366ff"$/,
  ],
  [
    "no components",
    { ...V9, updateComponents: { surfaceId: "s", components: [] } },
    /must hold one component at least$/,
  ],
  [
    "a component twice",
    { ...V9, updateComponents: { surfaceId: "s", components: [1, 2].map(() => ({ id: "a", component: "Divider" })) } },
    /^component "a" stands twice in one message$/,
  ],
  [
    "an unknown component",
    shown({ component: "Teapot" }),
    /^component "a" is a "Teapot", which is unknown; use one of Text/,
  ],
  ["no type", shown({}), /^"component" of component "a" must be a text, not missing$/],
  ["0.8's component in 0.9", shown({ component: { Text: {} } }), /must be a text, not an object$/],
  [
    "0.9's component in 0.8",
    { surfaceUpdate: { surfaceId: "s", components: [{ id: "a", component: "Text", text: "x" }] } },
    /^component "a" is written as in 0.9; add "version":"v0.9"/,
  ],
  [
    "an id that is JavaScript's own",
    { version: "v0.9", updateComponents: { surfaceId: "constructor", components: [] } },
    /must not be "constructor"$/,
  ],
  ["an inherited name as type", shown({ component: "toString" }), /is a "toString", which is unknown/],
  ["a missing property", shown({ component: "Text" }), /^component "a" \(Text\) needs "text"$/],
  [
    "an odd property",
    shown({ component: "Text", text: "x", usageHint: "h1" }),
    /^component "a" \(Text\) has no "usageHint"/,
  ],
  ["a wrong value", shown({ component: "Text", text: 5 }), /^"text" of component "a" must be a text, \{"path"\}/],
  [
    "an odd choice",
    shown({ component: "Text", text: "x", variant: "h9" }),
    /^"variant" of component "a" must be one of h1/,
  ],
  [
    "an odd binding",
    shown({ component: "Text", text: { literalString: "x" } }),
    /is an object without "path" or "call"$/,
  ],
  [
    "an unknown function",
    shown({ component: "Text", text: { call: "eval", args: {} } }),
    /calls "eval", which is unknown/,
  ],
  [
    "a forbidden path",
    shown({ component: "Text", text: { path: "/a/__proto__" } }),
    /must not go through "__proto__"$/,
  ],
  ["a hidden path", shown({ component: "Text", text: { path: "/constructor" } }), /must not go through "constructor"$/],
  ["an odd child", shown({ component: "Card", child: { component: "Text" } }), /must be an id, not an object$/],
  [
    "an odd template",
    shown({ component: "List", children: { componentId: "b" } }),
    /^"path" of "children" .* must be a text/,
  ],
  ["no tabs", shown({ component: "Tabs", tabs: [] }), /needs one tab at least$/],
  [
    "an address that is a script",
    shown({
      ...{ component: "Button", child: "b" },
      action: { functionCall: { call: "openUrl", args: { url: "javascript:alert(1)" } } },
    }),
    /must open an address that begins with https:\/\/ or http:\/\/$/,
  ],
  [
    "two actions",
    shown({ component: "Button", child: "b", action: { event: { name: "x" }, functionCall: { call: "openUrl" } } }),
    /must hold "event" or "functionCall"$/,
  ],
  [
    "a nameless action",
    shown({ component: "Button", child: "b", action: { event: { name: "" } } }),
    /1 to 128 characters$/,
  ],
  [
    "a long text",
    shown({ component: "Text", text: "x".repeat(LIMITS.textBytes + 1) }),
    /is a text of more than 64 KiB$/,
  ],
  [
    "a call of a function of the page",
    { version: "1.0", callRendererFunction: { functionCallId: "1", callFunction: {} } },
    /^functions are not called over this surface/,
  ],
  ["a theme in 1.0", { version: "1.0", createSurface: { surfaceId: "s", theme: {} } }, /^createSurface has no "theme"/],
  [
    "two types in one component of 0.8",
    { surfaceUpdate: { surfaceId: "s", components: [{ id: "a", component: { Text: {}, Row: {} } }] } },
    /^"component" of component "a" must hold exactly one type$/,
  ],
  [
    "a key twice in 0.8's data",
    { dataModelUpdate: { surfaceId: "s", contents: [1, 2].map(() => ({ key: "a", valueString: "x" })) } },
    /has the key "a" twice$/,
  ],
  [
    "two values of one key",
    { dataModelUpdate: { surfaceId: "s", contents: [{ key: "a", valueString: "x", valueNumber: 1 }] } },
    /must hold exactly one of valueString/,
  ],
];

describe("messages are refused that have", () => {
  for (const [why, message, reason] of REFUSED) test(why, () => assert.match(wrong(message), reason));
});

describe("how much is taken", () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
  const data = (value: unknown) => ({ ...V9, updateDataModel: { surfaceId: "s", value } });

  test("a message, a push and their number have an end", () => {
    const texts = Array.from({ length: 5 }, () => "x".repeat(60_000));

    assert.match(wrong(data(texts)), /^a message of more than 256 KiB is too large; send it in parts$/);
    assert.match(wrong(...Array.from({ length: 6 }, () => data(texts.slice(1)))), /^a push of more than 1024 KiB/);
    assert.match(
      wrong(...Array.from({ length: 501 }, () => data(1))),
      /^501 messages are too many for one push; send 500/,
    );
    // They are counted before the first of them is read.
    assert.throws(() => readMessages({ jsonl: "no JSON\n".repeat(501) }), /501 messages are too many for one push/);
    assert.throws(() => readMessages({ jsonl: "x".repeat(LIMITS.pushBytes + 1) }), /^A2uiError: a push of more than/);
    assert.match(wrong(), /^no messages found; write one JSON object a line$/);
    assert.throws(() => readMessages({ jsonl: "\n \n" }), /no messages found/);
  });

  test("values have a depth, however deep they are", () => {
    assert.equal(wrong(data(deep(60))), "nothing");
    assert.match(wrong(data(deep(100))), /is nested deeper than 64 levels$/);
    assert.match(
      wrong(JSON.parse(`{"version":"v0.9","x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`)),
      /deeper than 64/,
    );
  });
});

const OLD: readonly (readonly [old: Record<string, object>, now: Record<string, unknown>])[] = [
  [{ Text: { text: { literalString: "x" }, usageHint: "h1" } }, { component: "Text", text: "x", variant: "h1" }],
  [
    { Image: { url: { literalString: "/a.png" }, altText: { path: "/alt" }, fit: "scale-down", usageHint: "icon" } },
    { component: "Image", url: "/a.png", description: { path: "/alt" }, fit: "scaleDown", variant: "icon" },
  ],
  [{ Icon: { name: { literalString: "home" } } }, { component: "Icon", name: "home" }],
  [{ Video: { url: { path: "/v" } } }, { component: "Video", url: { path: "/v" } }],
  [
    { AudioPlayer: { url: { literalString: "/a" }, description: { literalString: "d" } } },
    { component: "AudioPlayer", url: "/a", description: "d" },
  ],
  [
    { Row: { children: { explicitList: ["b"] }, distribution: "spaceBetween", alignment: "center" } },
    { component: "Row", children: ["b"], justify: "spaceBetween", align: "center" },
  ],
  [{ Column: { children: { explicitList: [] } } }, { component: "Column", children: [] }],
  [
    {
      List: {
        children: { template: { componentId: "b", dataBinding: "/l" } },
        direction: "horizontal",
        alignment: "end",
      },
    },
    { component: "List", children: { componentId: "b", path: "/l" }, direction: "horizontal", align: "end" },
  ],
  [{ Card: { child: "b" } }, { component: "Card", child: "b" }],
  [
    { Tabs: { tabItems: [{ title: { literalString: "t" }, child: "b" }] } },
    { component: "Tabs", tabs: [{ title: "t", child: "b" }] },
  ],
  [{ Modal: { entryPointChild: "b", contentChild: "c" } }, { component: "Modal", trigger: "b", content: "c" }],
  [{ Divider: { axis: "vertical", thickness: 2 } }, { component: "Divider", axis: "vertical" }],
  [
    {
      Button: {
        child: "b",
        primary: true,
        action: { name: "go", context: [{ key: "k", value: { literalNumber: 1 } }] },
      },
    },
    { component: "Button", child: "b", variant: "primary", action: { event: { name: "go", context: { k: 1 } } } },
  ],
  [
    { Button: { child: "b", primary: false, action: { name: "go" } } },
    { component: "Button", child: "b", action: { event: { name: "go" } } },
  ],
  [
    {
      TextField: { label: { literalString: "l" }, text: { path: "/t" }, textFieldType: "date", validationRegexp: "x" },
    },
    { component: "TextField", label: "l", value: { path: "/t" }, variant: "shortText", validationRegexp: "x" },
  ],
  [
    { CheckBox: { label: { literalString: "l" }, value: { literalBoolean: true } } },
    { component: "CheckBox", label: "l", value: true },
  ],
  [
    {
      MultipleChoice: {
        ...{ selections: { literalArray: ["a"] }, maxAllowedSelections: 1, variant: "chips" },
        options: [{ label: { literalString: "A" }, value: "a" }],
      },
    },
    {
      ...{ component: "ChoicePicker", value: ["a"], variant: "mutuallyExclusive", displayStyle: "chips" },
      options: [{ label: "A", value: "a" }],
    },
  ],
  [
    { MultipleChoice: { selections: { path: "/s" }, options: [], maxAllowedSelections: 3 } },
    { component: "ChoicePicker", value: { path: "/s" }, options: [], variant: "multipleSelection" },
  ],
  [
    { Slider: { value: { path: "/v" }, minValue: 1, maxValue: 9 } },
    { component: "Slider", value: { path: "/v" }, min: 1, max: 9 },
  ],
  [
    { DateTimeInput: { value: { path: "/d" }, enableDate: true, enableTime: false, outputFormat: "x" } },
    { component: "DateTimeInput", value: { path: "/d" }, enableDate: true, enableTime: false },
  ],
];

describe("components of 0.8", () => {
  for (const [old, now] of OLD) {
    test(JSON.stringify(old).slice(0, 60), () => {
      const components = [{ id: "a", weight: 1, component: old }];
      const [message] = readMessages({ messages: [{ surfaceUpdate: { surfaceId: "s", components } }] });

      assert.deepEqual(message, {
        ...{ version: "v0.9", origin: "v0.8" },
        updateComponents: { surfaceId: "s", components: [{ id: "a", weight: 1, ...now }] },
      });
    });
  }
});
