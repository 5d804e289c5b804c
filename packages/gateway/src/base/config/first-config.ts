/** Prepares a first start: a private state folder, and a config file with its own secret. */
import type { Env } from "../files.ts";
import { envOf, fileExists, makePrivate, writePrivateFile } from "../files.ts";
import { newSecret } from "../ids.ts";

/**
 * Writes a commented config file when there is none. Its token is random (32 bytes), unless flags or environment already
 * bring a secret. Returns whether it wrote one.
 */
export function ensureConfig(path: string, options: { env: Env; hasSecret: boolean }): boolean {
  if (fileExists(path)) {
    makePrivate(path);
    return false;
  }
  const hasSecret =
    options.hasSecret ||
    envOf(options.env, "GATEWAY_TOKEN") !== undefined ||
    envOf(options.env, "GATEWAY_PASSWORD") !== undefined;
  writePrivateFile(path, firstConfig(hasSecret ? undefined : newSecret()));
  return true;
}

function firstConfig(token: string | undefined): string {
  const auth = token
    ? `    // Clients sign in with this token. \`moltbot dashboard\` prints a link that carries it.
    "auth": { "mode": "token", "token": "${token}" },`
    : `    // The token comes from the environment or the command line. To keep one here instead:
    // "auth": { "mode": "token", "token": "…" },`;
  return `// moltbot's settings: JSON with comments (JSON5 is fine too). Saved changes apply at once; a mistake here never stops
// a running gateway. \`moltbot doctor\` explains problems, \`moltbot config history\` shows earlier versions.
{
  "gateway": {
    // "port": 18789,
    // "bind": "loopback", // or "lan", "tailnet", "custom"
${auth}
  },

  // The model that answers. With a key in the environment (ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY …) or a local
  // endpoint (Ollama, LM Studio, llama.cpp), naming it is enough: send \`/model\` in the chat to see what there is.
  // "agents": { "defaults": { "model": "anthropic/claude-sonnet-4-5" } },

  // Any OpenAI-compatible endpoint:
  // "models": { "providers": { "my-server": { "api": "openai-compatible", "baseUrl": "http://127.0.0.1:8000/v1" } } },
}
`;
}
