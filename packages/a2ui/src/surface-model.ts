/** What all surfaces of one place show, kept so that whoever comes later sees what the others see. */
import { A2uiError, atLine } from "./error.ts";
import { LIMITS } from "./limits.ts";
import { type SurfaceMessage, surfaceOf } from "./messages.ts";
import { lineOf } from "./read.ts";
import { quoted } from "./shape.ts";
import { messagesOf, newSurface, type Surface, withComponents, withData, withDrawing } from "./surface.ts";

/** Surfaces by their ids, in the order in which they began. */
export class SurfaceModel {
  #surfaces: ReadonlyMap<string, Surface> = new Map();

  /** Takes a message. Throws an A2uiError, and changes nothing then. */
  apply(message: SurfaceMessage): void {
    this.applyAll([message]);
  }

  /** Takes all messages or none. Throws an A2uiError with the line that the bad message was read from. */
  applyAll(messages: readonly SurfaceMessage[]): void {
    const surfaces = new Map(this.#surfaces);
    for (const message of messages) atLine(lineOf(message), () => applied(surfaces, message));
    this.#surfaces = surfaces;
  }

  /** The surfaces, those too that are held back. */
  ids(): string[] {
    return [...this.#surfaces.keys()];
  }

  /** What one surface is, or undefined. */
  surface(id: string): Surface | undefined {
    return this.#surfaces.get(id);
  }

  /** Messages that draw the same screen on an empty page: of one surface, or of all. */
  snapshot(surfaceId?: string): SurfaceMessage[] {
    return [...this.#surfaces]
      .filter(([id]) => surfaceId === undefined || id === surfaceId)
      .flatMap(([id, surface]) => messagesOf(id, surface));
  }
}

function applied(surfaces: Map<string, Surface>, message: SurfaceMessage): void {
  const id = surfaceOf(message);
  if ("deleteSurface" in message) {
    // Deleting what is not there is no mistake: the end is what was wanted.
    surfaces.delete(id);
    return;
  }
  const found = surfaces.get(id);
  if ("createSurface" in message && found !== undefined)
    throw new A2uiError(`surface ${quoted(id)} is there already; delete it first, or update its components`);
  const isNew = found === undefined;
  if (isNew && surfaces.size >= LIMITS.surfaces)
    throw new A2uiError(`there are ${LIMITS.surfaces} surfaces already; delete one first`);
  if (isNew && !("createSurface" in message) && message.origin === undefined)
    throw new A2uiError(`there is no surface ${quoted(id)}; send createSurface first`);
  surfaces.set(id, changed(found ?? newSurface(), message));
}

function changed(surface: Surface, message: SurfaceMessage): Surface {
  if ("createSurface" in message) return newSurface(message.createSurface);
  if ("updateComponents" in message) return withComponents(surface, message.updateComponents.components);
  if ("updateDataModel" in message) return withData(surface, message.updateDataModel);
  if ("beginRendering" in message) return withDrawing(surface, message.beginRendering);
  return surface;
}
