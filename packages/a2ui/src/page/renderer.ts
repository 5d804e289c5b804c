/** All that is used of the renderer's packages, in one place: they change between versions. */
export { A2uiSurface } from "@a2ui/lit/v0_9";
export {
  type A2uiClientAction,
  Catalog,
  DynamicStringSchema,
  type FunctionImplementation,
  IconApi,
  MessageProcessor,
} from "@a2ui/web_core/v0_9";
export { BasicCatalogA2uiLitElement, basicCatalog } from "@a2ui/web_core/v0_9/basic_catalog";
