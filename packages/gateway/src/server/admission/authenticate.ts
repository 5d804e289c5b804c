/** The gateway's own secret: which mode is on, whether it is usable, and whether a caller knows it. */

import { StartError } from "../../base/errors.ts";
import { type Env, envOf } from "../../base/files.ts";
import { secretsEqual } from "../../base/ids.ts";
import type { GatewaySettings } from "../settings.ts";

/** The secret in force. `none` is loopback only and must be asked for. */
export type GatewayAuth =
  | { readonly mode: "token"; readonly secret: string }
  | { readonly mode: "password"; readonly secret: string }
  | { readonly mode: "none" };

/** What a caller presents in `connect.auth`. */
export interface PresentedAuth {
  readonly token?: string | undefined;
  readonly password?: string | undefined;
  readonly deviceToken?: string | undefined;
}

export type AuthFailure = "token_missing" | "token_mismatch" | "password_missing" | "password_mismatch";

const PLACEHOLDERS = new Set([
  "undefined",
  "null",
  "none",
  "token",
  "password",
  "secret",
  "changeme",
  "change-me",
  "your-token",
  "placeholder",
  "[object object]",
]);
const MIN_SECRET_CHARS = 6;

/**
 * The secret from the config, else from the environment. Throws `StartError` when the mode needs a secret and none is
 * usable, and when mode `none` is set on an address that others can reach.
 */
export function resolveAuth(
  settings: Omit<GatewaySettings["auth"], "allowTailscale">,
  env: Env,
  isLoopbackBind: boolean,
): GatewayAuth {
  const token = settings.token ?? envOf(env, "GATEWAY_TOKEN");
  const password = settings.password ?? envOf(env, "GATEWAY_PASSWORD");
  const mode = settings.mode ?? (password !== undefined && token === undefined ? "password" : "token");
  if (mode === "none") {
    if (isLoopbackBind) return { mode };
    throw new StartError("gateway.auth.mode none is allowed on loopback only; set a token, or bind to loopback.", {
      isLasting: true,
    });
  }
  const secret = mode === "token" ? token : password;
  const problem = weakness(secret);
  if (secret === undefined || problem) {
    const name = mode === "token" ? "TOKEN" : "PASSWORD";
    throw new StartError(
      `The gateway ${mode} ${problem}; set gateway.auth.${mode} in the config file, MOLTBOT_GATEWAY_${name}, or --${mode} ` +
        "to a secret of its own (for example the output of `openssl rand -hex 32`).",
      { isLasting: true },
    );
  }
  return { mode, secret };
}

/** Says why a text cannot be the gateway's secret; undefined when it can. */
export function weakness(secret: string | undefined): string | undefined {
  if (secret === undefined || secret.trim() === "") return "is empty";
  if (secret !== secret.trim()) return "begins or ends with white space";
  if (PLACEHOLDERS.has(secret.toLowerCase())) return "is a placeholder";
  return secret.length < MIN_SECRET_CHARS ? `is too short (fewer than ${MIN_SECRET_CHARS} characters)` : undefined;
}

/** Checks the shared secret; undefined when it is right. With `eitherField` it may be in either field (protocol 4). */
export function checkSharedSecret(
  auth: GatewayAuth,
  presented: PresentedAuth,
  eitherField: boolean,
): AuthFailure | undefined {
  if (auth.mode === "none") return undefined;
  const own = auth.mode === "token" ? presented.token : presented.password;
  const other = auth.mode === "token" ? presented.password : presented.token;
  const given = own || (eitherField ? other : undefined);
  if (!given) return `${auth.mode}_missing`;
  return secretsEqual(given, auth.secret) ? undefined : `${auth.mode}_mismatch`;
}

/** The refusal that a client shows to its user; it tells that kind of client where to put the secret. */
export function unauthorizedText(failure: AuthFailure, client: { id: string; mode: string }): string {
  const [kind, problem] = failure.split("_");
  const isUi = client.id.endsWith("-control-ui") || client.mode === "webchat" || client.id.startsWith("webchat");
  const hints =
    kind === "token"
      ? {
          cli: "set gateway.remote.token to match gateway.auth.token",
          ui: "open a tokenized dashboard URL or paste token in Control UI settings",
          other: "provide gateway auth token",
        }
      : {
          cli: "set gateway.remote.password to match gateway.auth.password",
          ui: "enter the password in Control UI settings",
          other: "provide gateway auth password",
        };
  const hint = client.mode === "cli" ? hints.cli : isUi ? hints.ui : hints.other;
  return `unauthorized: gateway ${kind} ${problem} (${hint})`;
}
