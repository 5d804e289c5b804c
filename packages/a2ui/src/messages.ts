/**
 * The one form of A2UI inside: messages of A2UI 0.9, plus what 0.8 can say and 0.9 cannot. A surface of 0.8 exists from its
 * first message on, is drawn from `beginRendering` on, and names its own root.
 */

/** Identifier of the components that the page knows. It is never fetched. */
export const BASIC_CATALOG = "https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json";

/** A component: its id, its type, and the type's own properties. */
export interface Component {
  readonly id: string;
  readonly component: string;
  readonly [property: string]: unknown;
}

/** How a surface looks: what the renderer reads of it is `primaryColor`. */
export type Theme = Readonly<Record<string, unknown>>;

/** Begins a surface. The id must be free. */
export interface CreateSurface {
  readonly surfaceId: string;
  readonly catalogId: string;
  readonly theme?: Theme;
  readonly sendDataModel?: boolean;
}

/** Adds components, or puts others in the place of those with their ids. */
export interface UpdateComponents {
  readonly surfaceId: string;
  readonly components: readonly Component[];
}

/** Sets the data at a path; everything without a path. Without `value` it deletes. */
export interface UpdateDataModel {
  readonly surfaceId: string;
  readonly path?: string;
  readonly value?: unknown;
}

/** Lets a surface of 0.8 be drawn, from the component `root` down. */
export interface BeginRendering {
  readonly surfaceId: string;
  readonly root: string;
  readonly theme?: Theme;
}

/** Ends a surface. Its id is free again. */
export interface DeleteSurface {
  readonly surfaceId: string;
}

/** What is beside the one key of a message. */
export interface Envelope {
  readonly version: "v0.9";
  /** Said of messages that were written in 0.8: their surface begins by itself. */
  readonly origin?: "v0.8";
}

/** One message of the inner form. */
export type SurfaceMessage = Envelope &
  (
    | { readonly createSurface: CreateSurface }
    | { readonly updateComponents: UpdateComponents }
    | { readonly updateDataModel: UpdateDataModel }
    | { readonly beginRendering: BeginRendering }
    | { readonly deleteSurface: DeleteSurface }
  );

/** The surface that a message is about. */
export function surfaceOf(message: SurfaceMessage): string {
  if ("createSurface" in message) return message.createSurface.surfaceId;
  if ("updateComponents" in message) return message.updateComponents.surfaceId;
  if ("updateDataModel" in message) return message.updateDataModel.surfaceId;
  if ("beginRendering" in message) return message.beginRendering.surfaceId;
  return message.deleteSurface.surfaceId;
}
