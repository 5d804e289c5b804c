/** Checks a message of A2UI 0.9, which is the inner form. */
import { A2uiError } from "../error.ts";
import { LIMITS } from "../limits.ts";
import { BASIC_CATALOG, type Component, type SurfaceMessage } from "../messages.ts";
import { idAt, type Json, listAt, objectAt, onlyKeys, pathAt, quoted, textAt } from "../shape.ts";
import { checkComponent } from "./component.ts";

const KEYS = ["createSurface", "updateComponents", "updateDataModel", "deleteSurface"] as const;
/** Names under which versions of the specification know the basic catalog. */
const CATALOGS =
  /^https:\/\/a2ui\.org\/specification\/v\d+_\d+(_\d+)?\/(json\/)?(catalogs\/basic\/catalog|(basic|standard)_catalog(_definition)?)\.json$/;

/** Reads a message of 0.9. `origin` says that it stands for one of 0.8, which can begin a drawing too. */
export function checkMessage(json: Json): SurfaceMessage {
  const origin = originOf(json);
  const keys: readonly string[] = origin === undefined ? KEYS : [...KEYS, "beginRendering"];
  onlyKeys(json, ["version", "origin", ...keys], "the message");
  const found = keys.filter((key) => key in json);
  const [key] = found;
  if (key === undefined || found.length > 1)
    throw new A2uiError(
      `a message must hold exactly one of ${keys.join(", ")}${found.length > 1 ? "" : "; it holds none"}`,
    );
  const body = objectAt(json[key], quoted(key));
  const surfaceId = idAt(body.surfaceId, `"surfaceId" of ${key}`);
  const envelope = { version: "v0.9" as const, ...(origin !== undefined && { origin }) };
  switch (key) {
    case "createSurface":
      return { ...envelope, createSurface: createSurface(body, surfaceId) };
    case "updateComponents":
      return { ...envelope, updateComponents: { surfaceId, components: components(body) } };
    case "updateDataModel":
      return { ...envelope, updateDataModel: updateDataModel(body, surfaceId) };
    case "beginRendering":
      return { ...envelope, beginRendering: beginRendering(body, surfaceId) };
    default:
      onlyKeys(body, ["surfaceId"], key);
      return { ...envelope, deleteSurface: { surfaceId } };
  }
}

/** The inner form's own mark. */
function originOf(json: Json): "v0.8" | undefined {
  if (json.origin === undefined || json.origin === "v0.8") return json.origin;
  throw new A2uiError('"origin" is not a part of A2UI; leave it out');
}

function createSurface(body: Json, surfaceId: string) {
  onlyKeys(body, ["surfaceId", "catalogId", "theme", "sendDataModel"], "createSurface");
  if (body.catalogId === undefined) throw new A2uiError(`createSurface needs "catalogId": ${quoted(BASIC_CATALOG)}`);
  checkCatalog(body.catalogId, '"catalogId" of createSurface');
  if (body.sendDataModel !== undefined && typeof body.sendDataModel !== "boolean")
    throw new A2uiError('"sendDataModel" of createSurface must be true or false');
  return {
    surfaceId,
    catalogId: BASIC_CATALOG,
    ...themeOf(body.theme),
    ...(body.sendDataModel !== undefined && { sendDataModel: body.sendDataModel }),
  };
}

/** Refuses catalogs that the page does not know. */
export function checkCatalog(value: unknown, where: string): void {
  const id = textAt(value, where);
  if (!CATALOGS.test(id)) throw new A2uiError(`${where} ${quoted(id)} is unknown; use ${quoted(BASIC_CATALOG)}`);
}

/** A theme: its colour is checked, because it becomes a part of a style. */
export function themeOf(value: unknown): { theme?: Json } {
  if (value === undefined) return {};
  const theme = objectAt(value, '"theme"');
  const color = theme.primaryColor;
  if (color !== undefined && !(typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color)))
    throw new A2uiError('"primaryColor" must be a colour such as "#3366ff"');
  return { theme };
}

function components(body: Json): readonly Component[] {
  onlyKeys(body, ["surfaceId", "components"], "updateComponents");
  const list = listAt(body.components, '"components"');
  if (list.length === 0) throw new A2uiError('"components" must hold one component at least');
  if (list.length > LIMITS.components)
    throw new A2uiError(`"components" holds ${list.length} components; a surface takes ${LIMITS.components}`);
  const checked = list.map((each, index) => checkComponent(each, `component ${index + 1} of the message`));
  const ids = new Set<string>();
  for (const { id } of checked) {
    if (ids.has(id)) throw new A2uiError(`component ${quoted(id)} stands twice in one message`);
    ids.add(id);
  }
  return checked;
}

function updateDataModel(body: Json, surfaceId: string) {
  onlyKeys(body, ["surfaceId", "path", "value"], "updateDataModel");
  if (body.path !== undefined) pathAt(body.path, '"path" of updateDataModel');
  return {
    surfaceId,
    ...(body.path !== undefined && { path: body.path as string }),
    ...("value" in body && body.value !== undefined && { value: body.value }),
  };
}

function beginRendering(body: Json, surfaceId: string) {
  onlyKeys(body, ["surfaceId", "root", "theme"], "beginRendering");
  return { surfaceId, root: idAt(body.root, '"root" of beginRendering'), ...themeOf(body.theme) };
}
