// The examples of docs/a2ui.md are taken as they are written, and its figures are ours.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { COMPONENTS } from "./check/catalog.ts";
import { LIMITS } from "./limits.ts";
import { readMessages } from "./read.ts";
import { SurfaceModel } from "./surface-model.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/a2ui.md"), "utf8");
const examples = [...page.matchAll(/```jsonl\n([\s\S]*?)```/g)].map(([, jsonl = ""]) => jsonl);

describe("docs/a2ui.md", () => {
  test("every example draws a surface", () => {
    const drawn = examples.map((jsonl) => {
      const model = new SurfaceModel();
      model.applyAll(readMessages({ jsonl }));
      return model.ids().map((id) => [id, model.surface(id)?.root]);
    });

    assert.deepEqual(drawn, [[["lamps", "root"]], [["menu", "root"]], [["main", "top"]], [["whole", "root"]]]);
  });

  test("the button is one", () => {
    const [, text = ""] = /```json\n(.*"Button".*)\n```/.exec(page) ?? [];
    const components = [JSON.parse(text)];

    assert.equal(
      readMessages({ messages: [{ version: "v0.9", updateComponents: { surfaceId: "s", components } }] }).length,
      1,
    );
  });

  test("all components are named", () => {
    const [, section = ""] = /## Components\n\n([\s\S]*?)They are/.exec(page) ?? [];

    assert.deepEqual(
      [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name).toSorted(),
      [...COMPONENTS.keys()].toSorted(),
    );
  });

  test("the limits are those that are held", () => {
    const [, table = ""] = /## Limits\n\n([\s\S]*?)\n\n/.exec(page) ?? [];
    const figures = [...table.matchAll(/\d[\d,]*/g)].map(([figure]) => Number(figure.replaceAll(",", "")));
    const { messageBytes, pushBytes, pushMessages, surfaces, components, depth, drawn, dataBytes, textBytes } = LIMITS;

    assert.deepEqual(figures, [
      ...[messageBytes / 1024, pushBytes / 1024 / 1024, pushMessages, surfaces, components, depth, drawn],
      ...[dataBytes / 1024 / 1024, depth, textBytes / 1024, 128, 16, 5],
    ]);
  });
});
