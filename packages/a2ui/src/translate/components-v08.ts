/** Components of A2UI 0.8: other names of types and properties, values in wrappers, and actions with lists. */
import { COMPONENTS } from "../check/catalog.ts";
import { A2uiError } from "../error.ts";
import { isObject, type Json, listAt, objectAt, onlyKeys, quoted, textAt } from "../shape.ts";

/** A value that a component says of a path which it is bound to. */
export interface FirstValue {
  readonly path: string;
  readonly value: unknown;
}

/** The new name of a property, and how its value is read. */
type Rename = readonly [name: string, read: (value: unknown, where: string, first: FirstValue[]) => unknown];

const LITERALS = ["literalString", "literalNumber", "literalBoolean", "literalArray"] as const;
const plain = (value: unknown) => value;
const variant: Rename = ["variant", plain];
const layout = {
  children: ["children", children],
  distribution: ["justify", plain],
  alignment: ["align", plain],
} as const;

/** What 0.8 says and 0.9 has no word for, and nobody misses. */
const DROPPED: Rename = ["", () => undefined];

/** The properties of each type of 0.8. */
const PROPERTIES: Readonly<Record<string, Readonly<Record<string, Rename>>>> = {
  Text: { text: ["text", bound], usageHint: variant },
  Image: { url: ["url", bound], altText: ["description", bound], fit: ["fit", fit], usageHint: variant },
  Icon: { name: ["name", bound] },
  Video: { url: ["url", bound] },
  AudioPlayer: { url: ["url", bound], description: ["description", bound] },
  Row: layout,
  Column: layout,
  List: { children: ["children", children], direction: ["direction", plain], alignment: ["align", plain] },
  Card: { child: ["child", plain] },
  Tabs: { tabItems: ["tabs", tabs] },
  Modal: { entryPointChild: ["trigger", plain], contentChild: ["content", plain] },
  Divider: { axis: ["axis", plain], color: DROPPED, thickness: DROPPED },
  Button: { child: ["child", plain], primary: ["variant", primary], action: ["action", action] },
  TextField: {
    label: ["label", bound],
    text: ["value", bound],
    textFieldType: ["variant", fieldType],
    validationRegexp: ["validationRegexp", plain],
  },
  CheckBox: { label: ["label", bound], value: ["value", bound] },
  MultipleChoice: {
    label: ["label", bound],
    selections: ["value", bound],
    options: ["options", options],
    maxAllowedSelections: ["variant", selections],
    variant: ["displayStyle", plain],
    type: ["displayStyle", plain],
    filterable: ["filterable", plain],
  },
  Slider: { label: ["label", bound], value: ["value", bound], minValue: ["min", plain], maxValue: ["max", plain] },
  DateTimeInput: {
    label: ["label", bound],
    value: ["value", bound],
    enableDate: ["enableDate", plain],
    enableTime: ["enableTime", plain],
    outputFormat: DROPPED,
  },
};

/** What 0.9 needs and 0.8 may leave out. */
const DEFAULTS: Readonly<Record<string, Json>> = {
  Slider: { max: 100 },
  TextField: { label: "" },
  MultipleChoice: { variant: "multipleSelection" },
};

/** The component of the inner form. What it says of the data's first values goes to `first`. */
export function componentOfPointEight(value: unknown, first: FirstValue[]): Json {
  const json = objectAt(value, "a component");
  const name = `component ${quoted(String(json.id))}`;
  if (typeof json.component === "string")
    throw new A2uiError(`${name} is written as in 0.9; add "version":"v0.9", or write {"component":{"Text":{…}}}`);
  onlyKeys(json, ["id", "weight", "component"], name);
  const wrapper = objectAt(json.component, `"component" of ${name}`);
  const types = Object.keys(wrapper);
  const [type] = types;
  if (type === undefined || types.length > 1) throw new A2uiError(`"component" of ${name} must hold exactly one type`);
  const renames = Object.hasOwn(PROPERTIES, type) ? PROPERTIES[type] : undefined;
  if (renames === undefined)
    throw new A2uiError(
      `${name} is a ${quoted(type)}, which is unknown; use one of ${Object.keys(PROPERTIES).join(", ")}`,
    );
  const old = objectAt(wrapper[type], `${quoted(type)} of ${name}`);
  onlyKeys(old, Object.keys(renames), `${name} (${type})`);
  const properties: Record<string, unknown> = { ...DEFAULTS[type] };
  for (const [key, each] of Object.entries(old)) {
    const [renamed, read] = renames[key] as Rename;
    const translated = read(each, `${quoted(key)} of ${name}`, first);
    if (translated !== undefined) properties[renamed] = translated;
  }
  const { id, weight } = json;
  return {
    id,
    component: COMPONENTS.has(type) ? type : "ChoicePicker",
    ...(weight !== undefined && { weight }),
    ...properties,
  };
}

/** A value in its wrapper: `{"literalString": …}` or `{"path": …}`, or both. */
function bound(value: unknown, where: string, first: FirstValue[]): unknown {
  // Agents write plain values often, and what they mean is plain.
  if (!isObject(value)) return value;
  onlyKeys(value, ["path", ...LITERALS], where);
  const literals = LITERALS.filter((kind) => value[kind] !== undefined);
  const [kind] = literals;
  if (literals.length > 1 || (kind === undefined && value.path === undefined))
    throw new A2uiError(`${where} must hold one of path, ${LITERALS.join(", ")}`);
  if (value.path === undefined) return value[kind as string];
  const path = textAt(value.path, `the path of ${where}`);
  // A relative path belongs to a template; which rows it will have is not known here.
  if (kind !== undefined && path.startsWith("/")) first.push({ path, value: value[kind] });
  return { path };
}

function children(value: unknown, where: string): unknown {
  const json = objectAt(value, where);
  onlyKeys(json, ["explicitList", "template"], where);
  if (Object.keys(json).length !== 1) throw new A2uiError(`${where} must hold "explicitList" or "template"`);
  if ("explicitList" in json) return listAt(json.explicitList, `"explicitList" of ${where}`);
  const template = objectAt(json.template, `"template" of ${where}`);
  onlyKeys(template, ["componentId", "dataBinding"], `"template" of ${where}`);
  return { componentId: template.componentId, path: template.dataBinding };
}

function tabs(value: unknown, where: string, first: FirstValue[]): unknown {
  return listAt(value, where).map((each) => {
    const tab = objectAt(each, `a tab of ${where}`);
    return { ...tab, title: bound(tab.title, `the title of a tab of ${where}`, first) };
  });
}

function options(value: unknown, where: string, first: FirstValue[]): unknown {
  return listAt(value, where).map((each) => {
    const option = objectAt(each, `an option of ${where}`);
    return { ...option, label: bound(option.label, `the label of an option of ${where}`, first) };
  });
}

function action(value: unknown, where: string, first: FirstValue[]): unknown {
  const json = objectAt(value, where);
  onlyKeys(json, ["name", "context"], where);
  const entries = listAt(json.context ?? [], `the context of ${where}`).map((each): [string, unknown] => {
    const entry = objectAt(each, `an entry of ${where}`);
    onlyKeys(entry, ["key", "value"], `an entry of ${where}`);
    return [textAt(entry.key, `"key" of ${where}`), bound(entry.value, `a value of ${where}`, first)];
  });
  return { event: { name: json.name, ...(entries.length > 0 && { context: Object.fromEntries(entries) }) } };
}

function primary(value: unknown): unknown {
  return value === true ? "primary" : undefined;
}

function fit(value: unknown): unknown {
  return value === "scale-down" ? "scaleDown" : value;
}

function fieldType(value: unknown): unknown {
  return value === "date" ? "shortText" : value;
}

function selections(value: unknown): unknown {
  return value === 1 ? "mutuallyExclusive" : undefined;
}
