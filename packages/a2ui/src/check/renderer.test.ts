// What we take, the renderer takes too: it throws in the middle of a drawing where it does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BASIC_COMPONENTS, BASIC_FUNCTION_APIS } from "@a2ui/web_core/v0_9";
import fc from "fast-check";
import { A2uiError } from "../error.ts";
import { COMPONENTS, FUNCTIONS, type Kind } from "./catalog.ts";
import { checkComponent } from "./component.ts";

const schemas = new Map(BASIC_COMPONENTS.map(({ name, schema }) => [name, schema]));

const plain = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string(), { maxLength: 2 }),
);
const bound = fc.oneof(
  fc.record({ path: fc.constantFrom("/a", "a/b", "") }),
  fc.record(
    {
      call: fc.constantFrom(...FUNCTIONS, "nothing"),
      args: fc.dictionary(fc.constantFrom("value", "values"), plain, { maxKeys: 2 }),
      returnType: fc.constantFrom("string", "boolean", "odd"),
    },
    { requiredKeys: ["call"] },
  ),
  fc.record({ a: fc.integer() }),
);
const value = fc.oneof(plain, bound);
const id = fc.constantFrom("a", "b-1", "c d");

/** What an agent may write for a property of a kind, good and bad. */
function written(kind: Kind): fc.Arbitrary<unknown> {
  switch (kind.kind) {
    case "dynamic":
      return value;
    case "plain":
      return plain;
    case "oneOf":
      return fc.constantFrom(...kind.values, "odd");
    case "child":
      return id;
    case "children":
      return fc.oneof(fc.array(id, { maxLength: 3 }), fc.record({ componentId: id, path: fc.constant("/l") }));
    case "tabs":
      return fc.array(fc.record({ title: value, child: id }), { maxLength: 2 });
    case "options":
      return fc.array(fc.record({ label: value, value: plain }), { maxLength: 2 });
    case "checks":
      return fc.array(fc.record({ condition: value, message: plain }), { maxLength: 2 });
    case "accessibility":
      return fc.record({ label: value, description: value }, { requiredKeys: [] });
    case "icon":
      return fc.oneof(value, fc.record({ svgPath: plain }));
    case "action": {
      const context = fc.dictionary(fc.constantFrom("k", "l"), value, { maxKeys: 2 });
      return fc.oneof(
        fc.record({ event: fc.record({ name: fc.constantFrom("go", ""), context }, { requiredKeys: ["name"] }) }),
        fc.record({ functionCall: bound }),
      );
    }
  }
}

test("no component that we take makes the renderer throw", () => {
  let taken = 0;
  for (const [component, { needs, takes }] of COMPONENTS) {
    const properties = Object.fromEntries(
      Object.entries({ ...needs, ...takes }).map(([key, kind]) => [key, written(kind)]),
    );
    // Any string is the name of an icon here: the page brings its own component for them.
    const { name: _, ...others } = properties;
    const shape = fc.record(component === "Icon" ? others : properties, { requiredKeys: [] });

    fc.assert(
      fc.property(shape, (made) => {
        const whole = { id: "x", component, ...made, ...(component === "Icon" && { name: "home" }) };
        const checked = taking(whole);
        if (checked === undefined) return;
        taken++;
        const { id: _id, component: _component, ...rest } = checked;
        const result = schemas.get(component)?.safeParse(rest);
        assert.equal(result?.success, true, `${JSON.stringify(rest)}: ${result?.error}`);
      }),
      { numRuns: 1_000 },
    );
  }
  // Most of what is made up is wrong somewhere.
  assert.ok(taken > 500, `only ${taken} components were taken`);
});

test("our functions are the renderer's", () => {
  assert.deepEqual([...FUNCTIONS].toSorted(), BASIC_FUNCTION_APIS.map(({ name }) => name).toSorted());
});

function taking(whole: object) {
  try {
    return checkComponent(whole, "the component");
  } catch (error) {
    assert.ok(error instanceof A2uiError, String(error));
    return undefined;
  }
}
