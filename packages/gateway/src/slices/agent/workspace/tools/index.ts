/** The tools of the workspace, in the order in which a model sees them. */
import type { Tool } from "../../../../kit/tool.ts";
import { edit } from "./edit.ts";
import { list } from "./list.ts";
import { memorySave, memorySearch } from "./memory.ts";
import { read } from "./read.ts";
import { search } from "./search.ts";
import { write } from "./write.ts";

export const tools: readonly Tool[] = [read, write, edit, list, search, memorySearch, memorySave];
