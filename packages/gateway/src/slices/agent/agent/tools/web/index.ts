/** Tools for the web. */
import type { Tool } from "../../../../../kit/tool.ts";
import { webFetch } from "./fetch.ts";
import { webSearch } from "./search.ts";

export const webTools: readonly Tool[] = [webFetch, webSearch];
