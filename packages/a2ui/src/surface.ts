/** One surface: its components, its data, and whether it is drawn. A change makes a new value. */
import { checkDepth, sizeOf, valueAt, withValue } from "./data.ts";
import { A2uiError } from "./error.ts";
import { LIMITS } from "./limits.ts";
import type {
  BeginRendering,
  Component,
  CreateSurface,
  Envelope,
  SurfaceMessage,
  Theme,
  UpdateDataModel,
} from "./messages.ts";
import { pathAt } from "./shape.ts";
import { checkTree } from "./tree.ts";

export interface Surface {
  /** How it began: by `createSurface`, or by its first message of 0.8. */
  readonly created: CreateSurface | undefined;
  /** The component that is drawn; none while a surface of 0.8 is held back. */
  readonly root: string | undefined;
  readonly theme: Theme | undefined;
  readonly components: ReadonlyMap<string, Component>;
  readonly data: unknown;
  /** About how large the data is as JSON, in bytes. */
  readonly dataBytes: number;
}

/** A surface that nothing was said of. */
export function newSurface(created?: CreateSurface): Surface {
  const root = created === undefined ? undefined : "root";
  return { created, root, theme: created?.theme, components: new Map(), data: {}, dataBytes: 2 };
}

export function withComponents(surface: Surface, changed: readonly Component[]): Surface {
  const components = new Map(surface.components);
  for (const component of changed) components.set(component.id, component);
  if (components.size > LIMITS.components)
    throw new A2uiError(`a surface takes ${LIMITS.components} components; this would make ${components.size}`);
  checkTree(components);
  return { ...surface, components };
}

export function withData(surface: Surface, { path = "/", value }: UpdateDataModel): Surface {
  const parts = pathAt(path, "the path");
  checkDepth(value, parts.length);
  const data = parts.length === 0 ? (value ?? {}) : withValue(surface.data, parts, value);
  const before = parts.length === 0 ? surface.dataBytes : sizeOf(valueAt(surface.data, parts));
  const names = parts.reduce((sum, part) => sum + part.length + 4, 0);
  const dataBytes = surface.dataBytes - before + (value === undefined ? 0 : sizeOf(value) + names);
  if (dataBytes > LIMITS.dataBytes)
    throw new A2uiError(`the data of a surface may have ${LIMITS.dataBytes / 1024} KiB; send less, or delete a part`);
  return { ...surface, data, dataBytes };
}

export function withDrawing(surface: Surface, { root, theme }: BeginRendering): Surface {
  return { ...surface, root, theme };
}

/** The messages that make this surface anew. */
export function messagesOf(id: string, surface: Surface): SurfaceMessage[] {
  const { created, root, theme, components, data } = surface;
  const envelope: Envelope = { version: "v0.9", ...(created === undefined && { origin: "v0.8" as const }) };
  const messages: SurfaceMessage[] = [];
  if (created !== undefined) messages.push({ ...envelope, createSurface: created });
  if (components.size > 0)
    messages.push({ ...envelope, updateComponents: { surfaceId: id, components: [...components.values()] } });
  messages.push({ ...envelope, updateDataModel: { surfaceId: id, value: data } });
  const isAsCreated = created !== undefined && root === "root" && theme === created.theme;
  if (root !== undefined && !isAsCreated) {
    const begin = { surfaceId: id, root, ...(theme !== undefined && { theme }) };
    messages.push({ version: "v0.9", origin: "v0.8", beginRendering: begin });
  }
  return messages;
}
