/** Checks a component of the inner form against the catalog: every property, down to bindings and functions. */
import { A2uiError } from "../error.ts";
import type { Component } from "../messages.ts";
import { idAt, isObject, type Json, listAt, objectAt, onlyKeys, pathAt, quoted, textAt } from "../shape.ts";
import { COMPONENTS, FUNCTIONS, type Kind } from "./catalog.ts";

/** What a function may be said to return. */
const RETURN_TYPES: readonly string[] = ["string", "number", "boolean", "array", "object", "any", "void"];

/** Reads a component. Throws an A2uiError that names it and what is wrong with it. */
export function checkComponent(value: unknown, where: string): Component {
  const json = objectAt(value, where);
  const id = idAt(json.id, `the id of ${where}`);
  const name = `component ${quoted(id)}`;
  const type = textAt(json.component, `"component" of ${name}`);
  const kinds = COMPONENTS.get(type);
  if (kinds === undefined)
    throw new A2uiError(
      `${name} is a ${quoted(type)}, which is unknown; use one of ${[...COMPONENTS.keys()].join(", ")}`,
    );
  const all: Readonly<Record<string, Kind>> = { ...kinds.needs, ...kinds.takes };
  onlyKeys(json, ["id", "component", ...Object.keys(all)], `${name} (${type})`);
  for (const key of Object.keys(kinds.needs)) {
    if (json[key] === undefined) throw new A2uiError(`${name} (${type}) needs ${quoted(key)}`);
  }
  for (const [key, kind] of Object.entries(all)) {
    if (json[key] !== undefined) checkProperty(json[key], kind, `${quoted(key)} of ${name}`);
  }
  return withArguments(json) as Component;
}

function checkProperty(value: unknown, kind: Kind, where: string): void {
  switch (kind.kind) {
    case "dynamic":
      return checkDynamic(value, kind.type, where);
    case "plain":
      return checkPlain(value, kind.type, where);
    case "oneOf":
      if (kind.values.includes(value as string)) return;
      throw new A2uiError(`${where} must be one of ${kind.values.join(", ")}`);
    case "child":
      idAt(value, where);
      return;
    case "children":
      return checkChildren(value, where);
    case "tabs":
      return checkTabs(value, where);
    case "options":
      return checkOptions(value, where);
    case "action":
      return checkAction(value, where);
    case "checks":
      return checkChecks(value, where);
    case "icon":
      return checkIcon(value, where);
    case "accessibility":
      return checkAccessibility(value, where);
  }
}

function checkDynamic(value: unknown, type: "text" | "number" | "boolean" | "texts", where: string): void {
  if (isObject(value)) return checkBound(value, where);
  if (type === "text" && typeof value === "string") return;
  if (type === "number" && Number.isFinite(value)) return;
  if (type === "boolean" && typeof value === "boolean") return;
  if (type === "texts" && Array.isArray(value) && value.every((each) => typeof each === "string")) return;
  const kinds = { text: "a text", number: "a number", boolean: "true or false", texts: "a list of texts" };
  throw new A2uiError(`${where} must be ${kinds[type]}, {"path"} or {"call","args"}`);
}

function checkPlain(value: unknown, type: "string" | "number" | "boolean", where: string): void {
  if (typeof value !== type) throw new A2uiError(`${where} must be a plain ${type}`);
}

/** A value that is bound to a path or made by a function. */
function checkBound(value: Json, where: string): void {
  if ("path" in value) {
    onlyKeys(value, ["path"], where);
    pathAt(value.path, `the path of ${where}`);
    return;
  }
  if ("call" in value) return checkCall(value, where);
  throw new A2uiError(`${where} is an object without "path" or "call"`);
}

function checkCall(value: Json, where: string): void {
  onlyKeys(value, ["call", "args", "returnType"], where);
  const name = textAt(value.call, `"call" of ${where}`);
  if (!FUNCTIONS.has(name))
    throw new A2uiError(`${where} calls ${quoted(name)}, which is unknown; use one of ${[...FUNCTIONS].join(", ")}`);
  if (value.returnType !== undefined && !RETURN_TYPES.includes(value.returnType as string))
    throw new A2uiError(`"returnType" of ${where} must be one of ${RETURN_TYPES.join(", ")}`);
  const args = objectAt(value.args ?? {}, `"args" of ${where}`);
  for (const [key, each] of Object.entries(args)) checkArgument(each, `${quoted(key)} of ${where}`);
  if (name === "openUrl" && typeof args.url === "string" && !/^https?:\/\//i.test(args.url))
    throw new A2uiError(`${where} must open an address that begins with https:// or http://`);
}

function checkArgument(value: unknown, where: string): void {
  if (Array.isArray(value)) {
    for (const each of value) checkArgument(each, where);
  } else if (isObject(value) && ("path" in value || "call" in value)) checkBound(value, where);
}

function checkChildren(value: unknown, where: string): void {
  if (Array.isArray(value)) {
    for (const id of value) idAt(id, `a child in ${where}`);
    return;
  }
  const template = objectAt(value, where);
  onlyKeys(template, ["componentId", "path"], where);
  idAt(template.componentId, `"componentId" of ${where}`);
  pathAt(template.path, `"path" of ${where}`);
}

function checkTabs(value: unknown, where: string): void {
  const tabs = listAt(value, where);
  if (tabs.length === 0) throw new A2uiError(`${where} needs one tab at least`);
  for (const each of tabs) {
    const tab = objectAt(each, `a tab in ${where}`);
    onlyKeys(tab, ["title", "child"], `a tab in ${where}`);
    checkDynamic(tab.title, "text", `"title" in ${where}`);
    idAt(tab.child, `"child" in ${where}`);
  }
}

function checkOptions(value: unknown, where: string): void {
  for (const each of listAt(value, where)) {
    const option = objectAt(each, `an option in ${where}`);
    onlyKeys(option, ["label", "value"], `an option in ${where}`);
    checkDynamic(option.label, "text", `"label" in ${where}`);
    textAt(option.value, `"value" in ${where}`);
  }
}

function checkAction(value: unknown, where: string): void {
  const action = objectAt(value, where);
  onlyKeys(action, ["event", "functionCall"], where);
  if (Object.keys(action).length !== 1) throw new A2uiError(`${where} must hold "event" or "functionCall"`);
  if ("functionCall" in action) return checkCall(objectAt(action.functionCall, `"functionCall" of ${where}`), where);
  const event = objectAt(action.event, `"event" of ${where}`);
  onlyKeys(event, ["name", "context"], `"event" of ${where}`);
  const name = textAt(event.name, `the name in ${where}`);
  if (name === "" || name.length > 128) throw new A2uiError(`the name in ${where} must have 1 to 128 characters`);
  for (const [key, each] of Object.entries(objectAt(event.context ?? {}, `the context in ${where}`)))
    checkContext(each, `${quoted(key)} in ${where}`);
}

function checkContext(value: unknown, where: string): void {
  if (isObject(value)) return checkBound(value, where);
  if (value === null) throw new A2uiError(`${where} must not be null; leave it out`);
  checkArgument(value, where);
}

function checkChecks(value: unknown, where: string): void {
  for (const each of listAt(value, where)) {
    const check = objectAt(each, `a check in ${where}`);
    onlyKeys(check, ["condition", "message"], `a check in ${where}`);
    checkDynamic(check.condition, "boolean", `"condition" in ${where}`);
    textAt(check.message, `"message" in ${where}`);
  }
}

/** Names of icons are not looked up: an unknown one draws its name, and the list grows with each renderer. */
function checkIcon(value: unknown, where: string): void {
  if (typeof value === "string") return;
  const icon = objectAt(value, where);
  onlyKeys(icon, ["svgPath", "path"], where);
  if ("path" in icon) pathAt(icon.path, `the path of ${where}`);
  else textAt(icon.svgPath, `"svgPath" of ${where}`);
}

function checkAccessibility(value: unknown, where: string): void {
  const attributes = objectAt(value, where);
  onlyKeys(attributes, ["label", "description"], where);
  for (const [key, each] of Object.entries(attributes)) checkDynamic(each, "text", `${quoted(key)} of ${where}`);
}

/** A function without arguments may leave them out, and the renderer wants them said. */
function withArguments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withArguments);
  if (!isObject(value)) return value;
  const whole = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withArguments(each)]));
  return typeof value.call === "string" && value.args === undefined ? { ...whole, args: {} } : whole;
}
