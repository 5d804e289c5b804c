/**
 * A slice: a folder that owns one noun, from wire schema to SQL. It has two halves. The light half can be read without
 * running: `slice.ts` says what the slice reaches and how its service opens, `index.ts` names its parts. The heavy half,
 * the service, is loaded when a gateway starts.
 */
import type { Env } from "../base/files.ts";
import type { Tables } from "../base/store/store.ts";
import type { Base } from "./base.ts";
import { type Command, type DefineCommand, defineCommand } from "./command.ts";
import type { EventDefinition } from "./event.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { type DefineMethod, defineMethod, type Method } from "./method.ts";
import type { Route } from "./route.ts";
import type { SettingsDefinition } from "./settings.ts";
import { type DefineTool, defineTool, type Tool } from "./tool.ts";

/** A slice as those below it name it. */
interface Named<Name extends string = string, Service = unknown> {
  readonly name: Name;
  /** The type of its service; there is no value. */
  readonly service?: Service;
}

/** The property of the gateway under which a slice's service stands: `http-api` is `httpApi`. */
type PropertyOf<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<PropertyOf<Rest>>}`
  : Name;

/** The property of the gateway under which the service of the slice `name` stands. */
export function propertyOf(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The base, and the services of the slices in a list. */
export type Reach<Uses extends readonly Named[]> = Base & {
  readonly [Used in Uses[number] as PropertyOf<Used["name"]>]: Used extends Named<string, infer Service>
    ? Service
    : never;
};

/** The light half of a slice. Those below it put it into their `uses`. */
export interface SliceHead<Name extends string, Uses extends readonly Named[], Service> extends Named<Name, Service> {
  readonly uses: Uses;
  load?(): Promise<unknown>;
  open?(gateway: Base, module: unknown): Service;
  readonly defineMethod: DefineMethod<OwnGateway<Name, Uses, Service>>;
  readonly defineTool: DefineTool<OwnGateway<Name, Uses, Service>>;
  readonly defineCommand: DefineCommand<OwnGateway<Name, Uses, Service>>;
}

type OwnGateway<Name extends string, Uses extends readonly Named[], Service> = Reach<
  readonly [...Uses, Named<Name, Service>]
>;

/** What the methods, tools and commands of a slice reach: the base, what it uses, and its own service. */
export type GatewayOf<Head> =
  Head extends SliceHead<infer Name, infer Uses, infer Service> ? OwnGateway<Name, Uses, Service> : never;

/** A slice that only defines: it has no service. */
interface WithoutService<Name extends string, Uses extends readonly Named[]> {
  readonly name: Name;
  readonly uses: Uses;
}

interface WithService<Name extends string, Uses extends readonly Named[], Module, Service> {
  readonly name: Name;
  /** The slices whose services it reaches, as values of their `slice.ts`. They must stand above it in the catalog. */
  readonly uses: Uses;
  /** Loads the heavy half; the modules of all slices are loaded side by side. */
  readonly load: () => Promise<Module>;
  /**
   * Makes the service and fills ports of slices above. `gateway` is one object for all slices; services of slices below
   * are in it only after all have opened.
   */
  readonly open: (gateway: Reach<Uses>, module: Module) => Service;
}

/** The hooks that a service has, as `Lifecycle` wants them. */
type HooksOf<Service> = object & { readonly [Hook in keyof Service & keyof Lifecycle]?: Lifecycle[Hook] };

/**
 * Defines the light half of a slice. What it gives back has `defineMethod`, `defineTool` and `defineCommand` for the
 * slice's own files: what they define reaches `uses` and the slice's own service, and nothing else compiles.
 */
export function defineSlice<
  const Name extends string,
  const Uses extends readonly Named[],
  Module,
  Service extends HooksOf<Service>,
>(definition: WithService<Name, Uses, Module, Service>): SliceHead<Name, Uses, Service>;
export function defineSlice<const Name extends string, const Uses extends readonly Named[]>(
  definition: WithoutService<Name, Uses>,
): SliceHead<Name, Uses, undefined>;
export function defineSlice(
  definition: WithoutService<string, readonly Named[]>,
): SliceHead<string, readonly Named[], unknown> {
  // At run time there is one gateway for all slices; which part of it each may reach is a matter of types alone.
  return { ...definition, defineMethod, defineTool, defineCommand } as unknown as SliceHead<
    string,
    readonly Named[],
    unknown
  >;
}

// biome-ignore lint/suspicious/noExplicitAny: payload types differ from event to event and are checked where they are published
type AnyEvent = EventDefinition<any>;

/** What a slice consists of beside its service. */
interface Parts<Service> {
  /** The area of its methods and events in hello-ok and the reference; the slice's own name when absent. */
  readonly area: string;
  /** The methods by their export names in `methods.ts`; the events likewise. */
  readonly methods: Readonly<Record<string, Method>>;
  readonly events: Readonly<Record<string, AnyEvent>>;
  readonly settings: readonly SettingsDefinition[];
  readonly tables: readonly Tables[];
  /** What models may call; a slice with tools may be anywhere in the list. Asked when they are needed, not by a start. */
  tools(): readonly Tool[];
  /** What people may type in any conversation. Asked when they are needed, not by a start. */
  commands(): readonly Command[];
  /** What the service answers on the gateway's HTTP port. */
  routes(service: Service): readonly Route[];
  /** The secrets of the slice in the environment: values that must not leave the process. */
  secretsIn(env: Env): readonly string[];
}

/** Any slice before its parts are named. */
interface AnyHead {
  readonly name: string;
  readonly uses: readonly Named[];
  load?(): Promise<unknown>;
  open?(gateway: Base, module: unknown): unknown;
}

/** A slice with its parts, as the catalog holds it. */
export interface Slice extends Parts<unknown> {
  readonly name: string;
  readonly uses: readonly Named[];
  load?(): Promise<unknown>;
  open?(gateway: Base, module: unknown): Lifecycle | undefined;
}

/** Names a slice's parts; those that are left out are empty. */
export function withParts<const Head extends AnyHead>(
  head: Head,
  parts: Partial<Parts<Head extends Named<string, infer Service> ? Service : never>>,
): Slice & Pick<Head, "name" | "uses"> {
  const { name, uses, load, open } = head;
  const none: Parts<unknown> = {
    ...{ area: name, methods: {}, events: {}, settings: [], tables: [] },
    tools: () => [],
    commands: () => [],
    routes: () => [],
    secretsIn: () => [],
  };
  return {
    ...none,
    ...(parts as Partial<Parts<unknown>>),
    name,
    uses,
    ...(load && { load }),
    ...(open && { open: open as NonNullable<Slice["open"]> }),
  };
}

/** `true` when each slice of a list uses only those above it; else a sentence. */
type Ordered<List, Above extends string = never> = List extends readonly [
  infer First extends AnyHead,
  ...infer Rest extends readonly AnyHead[],
]
  ? [Exclude<First["uses"][number]["name"], Above>] extends [never]
    ? Ordered<Rest, Above | First["name"]>
    : `${First["name"]} uses ${Exclude<First["uses"][number]["name"], Above>}, which does not stand above it`
  : true;

/** The slices of a gateway in their order. Does not compile unless each uses only those above it. */
export function inOrder<const List extends readonly Slice[]>(
  ...slices: Ordered<List> extends true ? List : { readonly [Index in keyof List]: Ordered<List> }
): readonly Slice[] {
  // The type condition is checked where the list is written; TypeScript cannot follow it here.
  return slices as unknown as readonly Slice[];
}

/**
 * Definitions in the order of hello-ok and the reference: area by area in the order of the slices. Within an area of
 * several slices, the export names decide.
 */
export function byArea<Definition>(
  slices: readonly Slice[],
  definitionsOf: (slice: Slice) => Readonly<Record<string, Definition>>,
): { readonly area: string; readonly definition: Definition }[] {
  return [...Map.groupBy(slices, ({ area }) => area)].flatMap(([area, sharing]) => {
    const named = sharing.flatMap((slice) => Object.entries(definitionsOf(slice)));
    const inOrder = sharing.length === 1 ? named : named.toSorted(([a], [b]) => (a < b ? -1 : 1));
    return inOrder.map(([, definition]) => ({ area, definition }));
  });
}
