/** A tool: what a model may call. One value says what it takes, who may have it used, and what it does. */
import { type Static, type TObject, type TProperties, Type } from "@sinclair/typebox";
import type { Base } from "./base.ts";

/**
 * For whom a tool works: for everyone who can write to the agent, strangers in open groups too; for people whom the
 * owner let in; or for the owner alone (every operator with write scope, and owners on channels).
 */
export type ToolAudience = "anyone" | "trusted" | "owner";

/** Which tools a run may use beside what the settings say; `because` names the rule, as in "sub-agents do not have it". */
export interface ToolLimits {
  readonly because: string;
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** How freely commands may run. */
export interface ExecRules {
  readonly security: "deny" | "allowlist" | "full";
  readonly ask: "off" | "on-miss" | "always";
}

/** The run that calls a tool. */
export interface ToolRun {
  readonly id: string;
  readonly agentId: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly sessionId: string;
  /** Who started the run, and what they may do: a tool may do no more in their name. */
  readonly starter: {
    readonly principal: string;
    readonly scopes: readonly string[];
    readonly name: string;
    readonly deviceId?: string | undefined;
    /** Over a channel: every id that the platform proves to be this person's, as "channel:id". */
    readonly ids?: readonly string[] | undefined;
  };
  readonly audience: ToolAudience;
  readonly limits?: readonly ToolLimits[] | undefined;
  /** The limits on commands for the person this run works for: `tools.exec` at the time the run began. */
  readonly execRules?: ExecRules | undefined;
  /** Whether others than the owner read its answer, wherever the conversation takes place. */
  readonly isOverheard?: boolean | undefined;
  /** The place on a channel where the reply goes, if it goes to one. */
  readonly deliver?:
    | {
        readonly channel: string;
        readonly account: string;
        readonly chat: { readonly id: string; readonly threadId?: string | undefined };
      }
    | undefined;
}

/** What a tool is given. */
export interface ToolCall<Params, Gateway = Base> {
  readonly params: Params;
  /** Names this call, after a restart too: a key for what must happen once. */
  readonly callId: string;
  readonly run: ToolRun;
  readonly gateway: Gateway;
  /** Aborts when the run is stopped or the call takes too long. */
  readonly signal: AbortSignal;
  /** Shows progress to those who watch; the model does not see it. */
  update(text: string): void;
}

/** What a tool answers; a string is its text. Long text is cut in the middle, and says so. */
export interface ToolResult {
  readonly text: string;
  /** Pictures for the model to look at. */
  readonly images?: readonly { readonly mimeType: string; readonly data: Uint8Array }[];
  /** The call did not do what was asked; the text says why and what to do. */
  readonly isError?: boolean;
  /** For those who watch: a path, an exit code. Small. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** A tool as the agent, the policy and the docs read it. */
export interface Tool {
  readonly name: string;
  readonly summary: string;
  /**
   * The name of the server that described the tool, when that was not us: its description and the texts of its
   * arguments are theirs.
   */
  readonly describedBy?: string | undefined;
  readonly audience: ToolAudience;
  readonly changes: boolean;
  /** Whether the same call may simply be made again after a crash; by default, if it changes nothing. */
  readonly isRepeatable?: boolean | undefined;
  readonly params: TObject | Readonly<Record<string, unknown>>;
  readonly timeoutMs: number | undefined;
  readonly maxChars: number | undefined;
  /**
   * Says, as a sentence, which setting is missing before the tool can be used; models are not told of the tool until
   * then.
   */
  missing?: ((gateway: Base) => string | undefined) | undefined;
  /** Reads arguments that are in other forms than the declared one, before they are checked. */
  tidy?: ((args: unknown, gateway: Base) => unknown) | undefined;
  run(call: ToolCall<unknown>): string | ToolResult | Promise<string | ToolResult>;
}

/**
 * Defines a tool. `params` are the properties of a closed object, each with a `description` for the model. `changes`
 * says that a call changes something outside the conversation: such calls are noted before they run, never run side by
 * side, and not repeated after a crash. `timeoutMs` is 120,000 and `maxChars` 30,000 by default. A tool throws
 * `GatewayError` with a sentence for the model; it may be called again at once.
 */
export type DefineTool<Gateway> = <Properties extends TProperties>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly audience: ToolAudience;
  readonly changes: boolean;
  readonly isRepeatable?: boolean;
  readonly params: Properties;
  readonly timeoutMs?: number;
  readonly maxChars?: number;
  readonly missing?: (gateway: Gateway) => string | undefined;
  readonly tidy?: (args: unknown, gateway: Gateway) => unknown;
  readonly run: (
    call: ToolCall<Static<TObject<Properties>>, Gateway>,
  ) => string | ToolResult | Promise<string | ToolResult>;
}) => Tool;

/** `defineTool` for tools that reach the base alone. Slices have their own. */
export const defineTool: DefineTool<Base> = (definition) => {
  const { timeoutMs, maxChars, isRepeatable } = definition;
  return {
    ...definition,
    isRepeatable,
    params: Type.Object(definition.params, { additionalProperties: false }),
    timeoutMs,
    maxChars,
    run: definition.run as Tool["run"],
  };
};
