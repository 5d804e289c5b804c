/** What the config says of an external agent, as `agents.list[].backend` has it. */
import type { AgentSettings } from "../../../core/agents/settings.ts";

export type AcpBackend = NonNullable<NonNullable<AgentSettings["list"]>[number]["backend"]>;
