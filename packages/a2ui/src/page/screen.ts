/** Draws surfaces: keeps what was said in a model of ours, and hands the renderer what it needs to know, in its own words. */
import { difference } from "../difference.ts";
import { BASIC_CATALOG, type Component, type SurfaceMessage, surfaceOf } from "../messages.ts";
import { readOwnMessages } from "../read.ts";
import type { Surface } from "../surface.ts";
import { SurfaceModel } from "../surface-model.ts";
import { icon } from "./icon.ts";
import { nameFields } from "./labels.ts";
import {
  type A2uiClientAction,
  type A2uiSurface,
  basicCatalog,
  Catalog,
  type FunctionImplementation,
  MessageProcessor,
} from "./renderer.ts";
import { correctStyle } from "./surface-style.ts";

type Drawing = Extract<SurfaceMessage, { updateComponents: unknown } | { updateDataModel: unknown }>;

/** What a surface is drawn with: a change of these draws it anew. */
interface Shown {
  readonly root: string;
  readonly theme: string;
}

/** Receives the actions of people on the screen. */
export interface ScreenHost {
  /** An action, with the ids that the agent gave. */
  pressed(action: A2uiClientAction): void;
  /** Whether a tab can be opened from here. When not, the person has been told. */
  mayOpen(): boolean;
}

export class Screen {
  #model = new SurfaceModel();
  readonly #shown = new Map<string, Shown>();
  readonly #sections = new Map<string, HTMLElement>();
  readonly #renderer;

  /** `place` holds the surfaces; `host` hears of what people do on them. */
  constructor(place: HTMLElement, host: ScreenHost) {
    const catalog = new Catalog(
      BASIC_CATALOG,
      [...[...basicCatalog.components.values()].filter(({ name }) => name !== "Icon"), icon],
      [...basicCatalog.functions.values()].map((each) => (each.name === "openUrl" ? opening(each, host) : each)),
    );
    this.#renderer = new MessageProcessor([catalog], (action) => host.pressed(this.#named(action)));
    this.#renderer.onSurfaceCreated((surface) => {
      const drawn = document.createElement("a2ui-surface") as A2uiSurface;
      drawn.surface = surface;
      const section = document.createElement("section");
      section.dataset.surface = surface.id;
      section.append(drawn);
      this.#sections.set(surface.id, section);
      place.append(section);
      if (drawn.shadowRoot === null) return;
      correctStyle(drawn.shadowRoot);
      nameFields(drawn.shadowRoot);
    });
    this.#renderer.onSurfaceDeleted((id) => {
      this.#sections.get(id)?.remove();
      this.#sections.delete(id);
    });
  }

  /** Draws messages of any version: all of them, or none. Throws an A2uiError that says what is wrong. */
  apply(values: readonly unknown[]): void {
    const messages = values.length === 0 ? [] : readOwnMessages(values);
    this.#model.applyAll(messages);
    const anew = new Set<string>();
    for (const message of messages) {
      const id = surfaceOf(message);
      if ("updateComponents" in message || "updateDataModel" in message) {
        if (!anew.has(id) && !this.#tell(message)) anew.add(id);
      } else if ("deleteSurface" in message) this.#erase(id);
      else anew.add(id);
    }
    for (const id of anew) this.#draw(id);
  }

  /** Makes the screen what these messages say. What stays the same is not drawn anew: a person may be writing there. */
  replace(values: readonly unknown[]): void {
    const next = new SurfaceModel();
    next.applyAll(values.length === 0 ? [] : readOwnMessages(values));
    const before = this.#model;
    this.#model = next;
    for (const id of before.ids()) if (next.surface(id)?.root === undefined) this.#erase(id);
    for (const id of next.ids()) {
      const [was, is] = [before.surface(id), next.surface(id)];
      const changes = was === undefined || is === undefined ? undefined : difference(id, was, is);
      if (!this.#shown.has(id) || changes === undefined || !changes.every((each) => this.#tell(each as Drawing))) {
        this.#erase(id);
        this.#draw(id);
      }
    }
  }

  reset(): void {
    for (const id of this.#model.ids()) this.#erase(id);
    this.#model = new SurfaceModel();
  }

  ids(): string[] {
    return this.#model.ids();
  }

  isEmpty(): boolean {
    return this.#shown.size === 0;
  }

  /** Hands a change to the renderer. False when it cannot take it, so that the surface must be drawn anew. */
  #tell(message: Drawing): boolean {
    const shown = this.#shown.get(surfaceOf(message));
    if (shown === undefined) return true;
    try {
      this.#renderer.processMessages([inRenderersWords(message, shown.root)]);
      return true;
    } catch {
      // What a person wrote may be where the agent now wants something else.
      return false;
    }
  }

  #draw(id: string): void {
    const surface = this.#model.surface(id);
    if (surface?.root === undefined) return;
    const shown: Shown = { root: surface.root, theme: JSON.stringify(surface.theme ?? {}) };
    const before = this.#shown.get(id);
    // Agents repeat beginRendering with every change.
    if (before?.root === shown.root && before.theme === shown.theme) return;
    this.#erase(id);
    this.#renderer.processMessages(drawingOf(id, surface, shown.root));
    this.#shown.set(id, shown);
  }

  #erase(id: string): void {
    if (this.#shown.delete(id)) this.#renderer.processMessages([{ version: "v0.9", deleteSurface: { surfaceId: id } }]);
  }

  #named(action: A2uiClientAction): A2uiClientAction {
    const root = this.#shown.get(action.surfaceId)?.root ?? "root";
    return { ...action, sourceComponentId: swapped(action.sourceComponentId, root) };
  }
}

/** The function that opens a page, where that is possible. */
function opening(openUrl: FunctionImplementation, host: ScreenHost): FunctionImplementation {
  return {
    ...openUrl,
    execute: (args, context, signal) => (host.mayOpen() ? openUrl.execute(args, context, signal) : undefined),
  };
}

function drawingOf(id: string, { theme, data, components }: Surface, root: string) {
  const create = { surfaceId: id, catalogId: BASIC_CATALOG, ...(theme !== undefined && { theme }) };
  const list = [...components.values()].map((each) => rooted(each, root));
  return [
    { version: "v0.9" as const, createSurface: create },
    // The renderer changes data in place.
    { version: "v0.9" as const, updateDataModel: { surfaceId: id, value: structuredClone(data) } },
    ...(list.length === 0 ? [] : [{ version: "v0.9" as const, updateComponents: { surfaceId: id, components: list } }]),
  ];
}

function inRenderersWords(message: Drawing, root: string) {
  if ("updateDataModel" in message)
    return { version: "v0.9" as const, updateDataModel: structuredClone(message.updateDataModel) };
  const { surfaceId, components } = message.updateComponents;
  return {
    version: "v0.9" as const,
    updateComponents: { surfaceId, components: components.map((each) => rooted(each, root)) },
  };
}

/** The renderer draws the component "root": the one that is the root changes its id with it, here and wherever it is named. */
function rooted(component: Component, root: string): Component {
  if (root === "root") return component;
  const own = (id: unknown) => (typeof id === "string" ? swapped(id, root) : id);
  const { children, tabs } = component;
  return {
    ...component,
    id: swapped(component.id, root),
    ...("child" in component && { child: own(component.child) }),
    ...("trigger" in component && { trigger: own(component.trigger) }),
    ...("content" in component && { content: own(component.content) }),
    ...(Array.isArray(children) && { children: children.map(own) }),
    ...(isTemplate(children) && { children: { ...children, componentId: own(children.componentId) } }),
    ...(Array.isArray(tabs) && { tabs: tabs.map((tab) => ({ ...tab, child: own(tab.child) })) }),
  };
}

function isTemplate(value: unknown): value is { readonly componentId: string } {
  return typeof value === "object" && value !== null && "componentId" in value;
}

function swapped(id: string, root: string): string {
  if (id === root) return "root";
  return id === "root" ? root : id;
}
