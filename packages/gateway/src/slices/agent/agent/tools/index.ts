/** The agent's own tools, in the order in which a model sees them. */
import type { Tool } from "../../../../kit/tool.ts";
import { image } from "./image.ts";
import { sessionTools } from "./sessions.ts";
import { spawn } from "./spawn.ts";
import { webTools } from "./web/index.ts";

export const tools: readonly Tool[] = [...webTools, image, ...sessionTools, spawn];
