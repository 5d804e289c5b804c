import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { A2uiError } from "./error.ts";
import { BASIC_CATALOG } from "./messages.ts";
import { readMessages } from "./read.ts";
import { LAMPS, NAME } from "./samples.ts";

/** What reading this says is wrong. */
function wrong(input: string | readonly unknown[]): string {
  try {
    readMessages(typeof input === "string" ? { jsonl: input } : { messages: input });
  } catch (error) {
    assert.ok(error instanceof A2uiError, String(error));
    return error.message;
  }
  return "nothing";
}

describe("reading messages", () => {
  test("0.8 becomes the inner form", () => {
    const messages = readMessages({ jsonl: LAMPS });

    assert.deepEqual(messages, [
      {
        version: "v0.9",
        origin: "v0.8",
        updateComponents: {
          surfaceId: "main",
          components: [
            { id: "top", component: "Column", children: ["h", "lamps", "go"] },
            { id: "h", component: "Text", text: "Lamps", variant: "h2" },
            { id: "lamps", component: "List", children: { componentId: "row", path: "/items" } },
            { id: "row", component: "Text", text: { path: "title" } },
            {
              id: "go",
              component: "Button",
              child: "got",
              variant: "primary",
              action: { event: { name: "apply", context: { scene: { path: "/scene" } } } },
            },
            { id: "got", component: "Text", text: "Apply" },
          ],
        },
      },
      {
        version: "v0.9",
        origin: "v0.8",
        updateDataModel: {
          surfaceId: "main",
          value: { scene: "Dinner", items: [{ title: "Lamp A" }, { title: "Lamp B" }] },
        },
      },
      { version: "v0.9", origin: "v0.8", beginRendering: { surfaceId: "main", root: "top" } },
    ]);
  });

  test("0.9 is the inner form", () => {
    assert.deepEqual(
      readMessages({ jsonl: NAME }),
      NAME.trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
  });

  test("what was read can be read again", () => {
    const messages = [LAMPS, NAME].map((jsonl) => readMessages({ jsonl }));

    assert.deepEqual(
      messages.map((each) => readMessages({ messages: each })),
      messages,
    );
  });

  test("1.0 loses its marks, and a surface in one message becomes three", () => {
    const line = {
      version: "1.0",
      createSurface: {
        surfaceId: "s1",
        components: [
          {
            id: "root",
            component: "TextField",
            label: "Name",
            value: { "@path": "/name" },
            "@checks": [
              { condition: { "@call": "required", args: { value: { "@path": "/name" } } }, message: "Say it" },
            ],
          },
        ],
        dataModel: { name: "Ada" },
      },
    };

    assert.deepEqual(readMessages({ messages: [line] }), [
      { version: "v0.9", createSurface: { surfaceId: "s1", catalogId: BASIC_CATALOG } },
      {
        version: "v0.9",
        updateComponents: {
          surfaceId: "s1",
          components: [
            {
              id: "root",
              component: "TextField",
              label: "Name",
              value: { path: "/name" },
              checks: [{ condition: { call: "required", args: { value: { path: "/name" } } }, message: "Say it" }],
            },
          ],
        },
      },
      { version: "v0.9", updateDataModel: { surfaceId: "s1", value: { name: "Ada" } } },
    ]);
  });

  test("1.0 binds templates and names catalogs, and what a function returns is kept", () => {
    const catalog = "https://a2ui.org/specification/v1_0/catalogs/basic/catalog.json";
    const components = [
      { id: "root", component: "List", "@catalogId": catalog, children: { componentId: "row", "@path": "/l" } },
      { id: "row", component: "Text", text: { "@call": "formatString", catalogId: catalog, args: { value: "name" } } },
      {
        id: "day",
        component: "Text",
        text: { "@call": "formatDate" },
        "@accessibility": { label: "Day" },
        "@metadata": {},
      },
    ];
    const [message] = readMessages({
      messages: [{ version: "v1.0", updateComponents: { surfaceId: "s", components } }],
    });

    assert.deepEqual(message, {
      version: "v0.9",
      updateComponents: {
        surfaceId: "s",
        components: [
          { id: "root", component: "List", children: { componentId: "row", path: "/l" } },
          { id: "row", component: "Text", text: { call: "formatString", args: { value: "name" } } },
          { id: "day", component: "Text", text: { call: "formatDate", args: {} }, accessibility: { label: "Day" } },
        ],
      },
    });
  });

  test("errors name the line, counted with the blank ones", () => {
    const [first, second] = NAME.split("\n");

    assert.equal(
      wrong(`${first}\n\n${second}\n{oops`),
      "line 4: this is not JSON; write one whole JSON object on one line",
    );
  });

  test("versions are not mixed", () => {
    assert.equal(wrong(`${NAME}${LAMPS}`), "line 5: this is A2UI 0.8, and the lines before are 0.9; use one version");
  });
});
