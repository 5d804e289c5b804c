import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { difference } from "./difference.ts";
import { A2uiError } from "./error.ts";
import { LIMITS } from "./limits.ts";
import type { SurfaceMessage } from "./messages.ts";
import { readMessages } from "./read.ts";
import { EVERYTHING, LAMPS, NAME } from "./samples.ts";
import { SurfaceModel } from "./surface-model.ts";

const CATALOG = "https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json";

function create(surfaceId: string) {
  return { version: "v0.9", createSurface: { surfaceId, catalogId: CATALOG } };
}

function show(surfaceId: string, components: readonly object[]) {
  return { version: "v0.9", updateComponents: { surfaceId, components } };
}

function set(surfaceId: string, path: string, value?: unknown) {
  return { version: "v0.9", updateDataModel: { surfaceId, path, ...(value !== undefined && { value }) } };
}

/** A model that has taken all of this. */
function modelOf(...messages: readonly unknown[]): SurfaceModel {
  const model = new SurfaceModel();
  model.applyAll(readMessages({ messages }));
  return model;
}

/** What taking this says is wrong, and that the model is as it was. */
function wrong(model: SurfaceModel, ...messages: readonly unknown[]): string {
  const before = JSON.stringify(model.snapshot());
  try {
    model.applyAll(readMessages({ messages }));
  } catch (error) {
    assert.ok(error instanceof A2uiError, String(error));
    assert.equal(JSON.stringify(model.snapshot()), before);
    return error.message;
  }
  return "nothing";
}

/** The data of a surface. */
function dataOf(model: SurfaceModel, id: string): unknown {
  return model.surface(id)?.data;
}

describe("surfaces", () => {
  test("a snapshot draws the same screen", () => {
    for (const messages of [readMessages({ jsonl: LAMPS }), readMessages({ messages: EVERYTHING })]) {
      const model = new SurfaceModel();
      model.applyAll(messages);
      const other = new SurfaceModel();
      other.applyAll(readMessages({ messages: model.snapshot() }));

      assert.deepEqual(other.snapshot(), model.snapshot());
      assert.deepEqual(other.surface(model.ids()[0]!), model.surface(model.ids()[0]!));
    }
  });

  test("a surface of 0.8 is held back until it begins, and keeps its own root", () => {
    const [components, data, begin] = readMessages({ jsonl: LAMPS }) as [
      SurfaceMessage,
      SurfaceMessage,
      SurfaceMessage,
    ];
    const model = new SurfaceModel();
    model.apply(components);
    model.apply(data);
    const held = model.surface("main")?.root;
    model.apply(begin);

    assert.deepEqual([held, model.surface("main")?.root], [undefined, "top"]);
    assert.deepEqual(model.snapshot().at(-1), begin);
  });

  test("a surface that began in one version can be changed in another", () => {
    const model = modelOf(create("s"), show("s", [{ id: "other", component: "Divider" }]));
    model.applyAll(readMessages({ messages: [{ beginRendering: { surfaceId: "s", root: "other" } }] }));
    const again = modelOf(...model.snapshot());

    assert.deepEqual([model.surface("s")?.root, again.surface("s")], ["other", model.surface("s")]);
  });

  test("0.8 can say a path and its first value at once", () => {
    const text = { path: "/who", literalString: "Ada" };
    const components = [{ id: "a", component: { Text: { text } } }];
    const model = modelOf({ surfaceUpdate: { surfaceId: "main", components } });

    assert.deepEqual(dataOf(model, "main"), { who: "Ada" });
    assert.deepEqual(model.surface("main")?.components.get("a"), {
      id: "a",
      component: "Text",
      text: { path: "/who" },
    });
  });

  test("a surface that ended can begin again, and ending it twice is no mistake", () => {
    const gone = { version: "v0.9", deleteSurface: { surfaceId: "s" } };

    assert.deepEqual(modelOf(create("s"), gone, gone, create("s")).ids(), ["s"]);
  });

  test("what has no surface, or has one twice, is refused with its line", () => {
    const model = modelOf(create("s"));

    assert.equal(
      wrong(model, show("t", [{ id: "root", component: "Divider" }])),
      'line 1: there is no surface "t"; send createSurface first',
    );
    assert.equal(
      wrong(model, create("t"), create("s")),
      'line 2: surface "s" is there already; delete it first, or update its components',
    );
  });

  test("a component that shows itself is refused, by any way round", () => {
    const column = (id: string, children: unknown) => ({ id, component: "Column", children });
    const model = modelOf(create("s"), show("s", [column("root", ["a"]), column("a", ["b"])]));

    assert.equal(
      wrong(model, show("s", [column("b", { componentId: "root", path: "/x" })])),
      'line 1: component "root" shows itself: root → a → b → root',
    );
    const tabs = { id: "b", component: "Tabs", tabs: [{ title: "x", child: "b" }] };
    assert.equal(wrong(model, show("s", [tabs])), 'line 1: component "b" shows itself: b → b');
    const modal = { id: "b", component: "Modal", trigger: "x", content: "a" };
    assert.match(wrong(model, show("s", [modal])), /shows itself: a → b → a$/);
    const button = { id: "b", component: "Button", child: "root" };
    assert.match(wrong(model, show("s", [button])), /shows itself/);
  });

  test("components that stand too deep, or draw too many others, are refused", () => {
    const chain = (length: number) =>
      Array.from({ length }, (_, index) => ({ id: `c${index}`, component: "Card", child: `c${index + 1}` }));
    const doubling = Array.from({ length: 20 }, (_, index) => ({
      ...{ id: `c${index}`, component: "Row", children: [`c${index + 1}`, `c${index + 1}`] },
    }));

    assert.equal(wrong(modelOf(create("s")), show("s", chain(LIMITS.depth - 1))), "nothing");
    assert.match(wrong(modelOf(create("s")), show("s", chain(LIMITS.depth))), /holds more than 64 levels$/);
    assert.match(wrong(modelOf(create("s")), show("s", doubling)), /draws more than 10000 components$/);
  });

  test("a surface has an end, and so has their number", () => {
    const some = (from: number, count: number) =>
      show(
        "s",
        Array.from({ length: count }, (_, index) => ({ id: `c${from + index}`, component: "Divider" })),
      );
    const model = modelOf(create("s"), some(0, 1500));

    assert.match(wrong(model, some(1500, 501)), /^line 1: a surface takes 2000 components; this would make 2001$/);
    assert.equal(wrong(model, some(1500, 500)), "nothing");
    const many = Array.from({ length: LIMITS.surfaces }, (_, index) => create(`s${index}`));
    assert.match(wrong(new SurfaceModel(), ...many, create("one-more")), /^line 65: there are 64 surfaces already/);
  });

  test("the data of a surface has an end, counted over pushes, and what is deleted makes room", () => {
    const model = modelOf(create("s"));
    const block = Array.from({ length: 4 }, () => "x".repeat(50_000));
    for (let place = 0; place < 5; place++) assert.equal(wrong(model, set("s", `/b${place}`, block)), "nothing");

    assert.match(wrong(model, set("s", "/b5", block)), /^line 1: the data of a surface may have 1024 KiB/);
    assert.equal(wrong(model, set("s", "/b0")), "nothing");
    assert.equal(wrong(model, set("s", "/b5", block)), "nothing");
  });
});

describe("the difference of two surfaces", () => {
  const before = () => modelOf(create("s"), show("s", [{ id: "root", component: "Divider" }]), set("s", "/a", 1));

  test("what is said makes the one the other, and leaves the rest alone", () => {
    const [was, is] = [before(), before()];
    is.applyAll(readMessages({ messages: [set("s", "/b~1c", 2), show("s", [{ id: "x", component: "Divider" }])] }));
    const said = difference("s", was.surface("s")!, is.surface("s")!);
    was.applyAll(said!);

    assert.deepEqual(said, [
      set("s", "/b~1c", 2),
      { version: "v0.9", updateComponents: { surfaceId: "s", components: [{ id: "x", component: "Divider" }] } },
    ]);
    assert.deepEqual(was.snapshot(), is.snapshot());
  });

  test("a component that is gone, and another root, need a drawing", () => {
    const other = modelOf(create("s"), show("s", [{ id: "y", component: "Divider" }]));
    const [surfaces, data, begin] = LAMPS.trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const held = modelOf(surfaces, data);
    const begun = modelOf(surfaces, data, begin);

    assert.equal(difference("s", before().surface("s")!, other.surface("s")!), undefined);
    assert.equal(difference("main", held.surface("main")!, begun.surface("main")!), undefined);
    assert.deepEqual(difference("s", before().surface("s")!, before().surface("s")!), []);
  });
});

describe("data", () => {
  test("paths make what they go through, and a list where a number stands", () => {
    const model = modelOf(create("s"), set("s", "/a/b", 1), set("s", "/list/0/x", true), set("s", "/a~1b", "slash"));

    assert.deepEqual(dataOf(model, "s"), { a: { b: 1 }, list: [{ x: true }], "a/b": "slash" });
  });

  test("without a value a path is deleted, and without a path all is replaced", () => {
    const model = modelOf(create("s"), set("s", "/a", 1), set("s", "/b", 2), set("s", "/a"));
    const left = dataOf(model, "s");
    model.applyAll(
      readMessages({ messages: [{ version: "v0.9", updateDataModel: { surfaceId: "s", value: { c: 3 } } }] }),
    );

    assert.deepEqual([left, dataOf(model, "s")], [{ b: 2 }, { c: 3 }]);
  });

  test("a path through what has no places is refused", () => {
    const model = modelOf(create("s"), set("s", "/a", "text"), set("s", "/list", [1]));

    assert.match(wrong(model, set("s", "/a/b", 1)), /the data has no place "b": above it stands a plain value$/);
    assert.match(wrong(model, set("s", "/list/x", 1)), /a list where the path says "x"; use a number$/);
    assert.match(wrong(model, set("s", "/list/5000000", 1)), /the list has 1 items; the path says 5000000$/);
  });

  test("nothing reaches JavaScript's own objects", () => {
    for (const name of ["__proto__", "constructor", "prototype"]) {
      assert.match(wrong(modelOf(create("s")), set("s", `/a/${name}/x`, 1)), /must not go through/);
      const value = JSON.parse(`{"a":{"${name}":1}}`) as unknown;
      assert.match(wrong(modelOf(create("s")), set("s", "/a", value)), /must not have a key/);
      const entry = { key: name, valueString: "x" };
      assert.match(
        wrong(new SurfaceModel(), { dataModelUpdate: { surfaceId: "main", contents: [entry] } }),
        /must not have a key/,
      );
    }
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });
});

describe("properties", () => {
  test("whatever is pushed, it is taken, or refused with a reason and no change", () => {
    const model = modelOf(create("s"), ...EVERYTHING);
    const word = fc.constantFrom("s", "all", "root", "Text", "Column", "text", "children", "path", "/a/b", "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        fc.jsonValue(),
        word,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(word, tie("value"), { maxKeys: 4 }),
      ),
    }));
    const body = fc.record({ surfaceId: word, components: value, path: value, value }, { requiredKeys: ["surfaceId"] });
    const key = fc.constantFrom(
      ...["createSurface", "updateComponents", "updateDataModel", "deleteSurface", "surfaceUpdate", "dataModelUpdate"],
      ...["beginRendering", "nothing"],
    );
    const version = fc.constantFrom(undefined, "v0.9", "1.0", "v0.8", 9);
    const message = fc
      .tuple(version, key, body)
      .map(([said, name, inside]) => ({ ...(said !== undefined && { version: said }), [name]: inside }));

    fc.assert(
      fc.property(fc.array(fc.oneof(message, value), { maxLength: 4 }), (messages) => {
        wrong(model, ...messages);
      }),
      { numRuns: 500 },
    );
  });

  test("one component of any kind with one wrong property is refused, and nothing else is", () => {
    const components = (EVERYTHING[1] as { updateComponents: { components: Record<string, unknown>[] } })
      .updateComponents.components;

    fc.assert(
      fc.property(fc.constantFrom(...components), fc.string({ minLength: 1 }), (component, key) => {
        fc.pre(!["weight", "accessibility", "id", "component"].includes(key) && !(key in component));
        const model = modelOf(create("s"));
        assert.equal(wrong(model, show("s", [component])), "nothing");
        const said = wrong(model, show("s", [{ ...component, [key]: [{}] }]));
        assert.match(said, /^line 1: /);
      }),
    );
  });

  test("0.8 and 0.9 say the same data", () => {
    const leaf = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
    const name = fc.stringMatching(/^[a-z]{1,8}$/).filter((each) => !["constructor", "prototype"].includes(each));
    const { data } = fc.letrec((tie) => ({
      data: fc.dictionary(name, fc.oneof({ maxDepth: 3 }, leaf, tie("data"), fc.array(leaf, { minLength: 1 }))),
    }));

    fc.assert(
      fc.property(data as fc.Arbitrary<Record<string, unknown>>, (value) => {
        const old = modelOf({ dataModelUpdate: { surfaceId: "s", contents: entriesOf(value) } });

        // JSON has one zero.
        assert.deepEqual(JSON.parse(JSON.stringify(dataOf(old, "s"))), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

test("the example of 0.9 leaves nothing behind", () => {
  assert.deepEqual(
    modelOf(
      ...NAME.trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).ids(),
    [],
  );
});

function entriesOf(value: Readonly<Record<string, unknown>> | readonly unknown[]): object[] {
  return Object.entries(value).map(([key, each]) => {
    if (typeof each === "string") return { key, valueString: each };
    if (typeof each === "number") return { key, valueNumber: each };
    if (typeof each === "boolean") return { key, valueBoolean: each };
    return { key, valueMap: entriesOf(each as Record<string, unknown>) };
  });
}
