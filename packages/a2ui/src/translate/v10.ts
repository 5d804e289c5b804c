/**
 * From A2UI 1.0 to 0.9. Bindings and envelope keys carry an @ in 1.0, a surface may come whole in one message, and agent and
 * page may call each other's functions, which a gateway has no use for.
 */
import { checkCatalog } from "../check/message.ts";
import { A2uiError } from "../error.ts";
import { BASIC_CATALOG } from "../messages.ts";
import { isObject, type Json, objectAt, onlyKeys } from "../shape.ts";

const RENAMED: Readonly<Record<string, string>> = {
  "@path": "path",
  "@call": "call",
  "@checks": "checks",
  "@accessibility": "accessibility",
};

/** The messages of 0.9 that one of 1.0 stands for. */
export function fromOne(json: Json): Json[] {
  const { version: _, ...rest } = json;
  if ("callRendererFunction" in rest || "agentFunctionResponse" in rest)
    throw new A2uiError(
      "functions are not called over this surface; bind a value with @call, or use an action's event",
    );
  const version = "v0.9";
  if ("createSurface" in rest) return createSurface(rest, version);
  if ("updateComponents" in rest) {
    const body = objectAt(rest.updateComponents, '"updateComponents"');
    return [{ ...rest, version, updateComponents: { ...body, components: componentsOf(body.components) } }];
  }
  return [{ ...rest, version }];
}

function createSurface(rest: Json, version: string): Json[] {
  const { components, dataModel, catalogId = BASIC_CATALOG, ...body } = objectAt(rest.createSurface, '"createSurface"');
  onlyKeys(body, ["surfaceId", "sendDataModel", "metadata"], "createSurface");
  const { metadata: _, ...own } = body;
  const { surfaceId } = body;
  return [
    { ...rest, version, createSurface: { ...own, catalogId } },
    ...(components === undefined
      ? []
      : [{ version, updateComponents: { surfaceId, components: componentsOf(components) } }]),
    ...(dataModel === undefined ? [] : [{ version, updateDataModel: { surfaceId, value: dataModel } }]),
  ];
}

function componentsOf(value: unknown): unknown {
  return Array.isArray(value) ? value.map(component) : value;
}

function component(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { "@catalogId": catalogId, "@metadata": _, ...rest } = value;
  if (catalogId !== undefined) checkCatalog(catalogId, '"@catalogId" of a component');
  return renamed(rest);
}

/** Takes the @ off wherever 1.0 writes one. A function may name its catalog, too. */
function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (!isObject(value)) return value;
  const isCall = "@call" in value;
  if (isCall && value.catalogId !== undefined) checkCatalog(value.catalogId, '"catalogId" of a function');
  const kept = Object.entries(value).filter(([key]) => !(isCall && key === "catalogId"));
  return Object.fromEntries(kept.map(([key, each]) => [RENAMED[key] ?? key, renamed(each)]));
}
