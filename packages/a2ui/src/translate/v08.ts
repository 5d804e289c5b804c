/**
 * From A2UI 0.8 to the inner form. A message may become several: 0.8 can bind a value to a path and say its first value at
 * once, which 0.9 says in two messages.
 */
import { A2uiError } from "../error.ts";
import type { SurfaceMessage } from "../messages.ts";
import { type Json, listAt, objectAt, onlyKeys, quoted } from "../shape.ts";
import { componentOfPointEight, type FirstValue } from "./components-v08.ts";
import { mapOf } from "./data-v08.ts";

const KEYS = ["surfaceUpdate", "dataModelUpdate", "beginRendering", "deleteSurface"] as const;
const NEWER = ["createSurface", "updateComponents", "updateDataModel"];
const ENVELOPE = { version: "v0.9", origin: "v0.8" } as const satisfies Partial<SurfaceMessage>;

/** The inner messages that one message of 0.8 stands for. They are checked like those of 0.9 after. */
export function fromPointEight(json: Json): Json[] {
  const newer = NEWER.find((key) => key in json);
  if (newer !== undefined) throw new A2uiError(`${newer} belongs to A2UI 0.9; add "version":"v0.9" to the message`);
  onlyKeys(json, KEYS, "the message");
  const found = KEYS.filter((key) => key in json);
  const [key] = found;
  if (key === undefined || found.length > 1)
    throw new A2uiError(`a message must hold exactly one of ${KEYS.join(", ")}`);
  const body = objectAt(json[key], quoted(key));
  switch (key) {
    case "surfaceUpdate":
      return surfaceUpdate(body);
    case "dataModelUpdate":
      return [dataModelUpdate(body)];
    case "beginRendering":
      return [beginRendering(body)];
    default:
      return [{ ...ENVELOPE, deleteSurface: body }];
  }
}

function surfaceUpdate(body: Json): Json[] {
  onlyKeys(body, ["surfaceId", "components"], "surfaceUpdate");
  const { surfaceId } = body;
  const first: FirstValue[] = [];
  const components = listAt(body.components, '"components"').map((each) => componentOfPointEight(each, first));
  const values = first.map(({ path, value }) => ({ ...ENVELOPE, updateDataModel: { surfaceId, path, value } }));
  return [...values, { ...ENVELOPE, updateComponents: { surfaceId, components } }];
}

function dataModelUpdate(body: Json): Json {
  onlyKeys(body, ["surfaceId", "path", "contents"], "dataModelUpdate");
  const { surfaceId, path } = body;
  const value = mapOf(body.contents, '"contents"');
  return { ...ENVELOPE, updateDataModel: { surfaceId, ...(path !== undefined && { path }), value } };
}

/** The catalog is not looked at: 0.8 has one, under many names. */
function beginRendering(body: Json): Json {
  onlyKeys(body, ["surfaceId", "root", "catalogId", "styles"], "beginRendering");
  const { surfaceId, root, styles } = body;
  return { ...ENVELOPE, beginRendering: { surfaceId, root, ...(styles !== undefined && { theme: styles }) } };
}
