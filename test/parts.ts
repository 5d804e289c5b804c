/**
 * Which parts of the product the tests of this folder belong to: `npm test -- --slice NAME` runs those of one part. A test
 * beside its source belongs to the source's slice and is not named here, nor is what a test imports from a slice.
 */

/** Parts by folder: where a file belongs that the list below does not name. */
export const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  ".": ["house"],
  agent: ["agent"],
  channels: ["channels"],
  cli: ["cli"],
  faults: ["faults"],
  scripts: ["house"],
  stories: ["stories"],
  web: ["web"],
  wire: ["server"],
};

/** Files that belong to slices which their folder does not name, each under its path without `.test.ts`. */
export const FILES: Readonly<Record<string, readonly string[]>> = {
  contract: ["house", "protocol"],

  "agent/acp": ["agent"],
  "agent/budget": ["usage"],
  "agent/chat-methods": ["chat"],
  "agent/compaction": ["agent", "sessions"],
  "agent/exec": ["approvals", "agent"],
  "agent/exec-commands": ["approvals"],
  "agent/exec-crash": ["approvals"],
  "agent/handed-on": ["agent", "sessions"],
  "agent/image-tool": ["models"],
  "agent/mcp": ["mcp"],
  "agent/memory": ["workspace"],
  "agent/message-tool": ["messaging"],
  "agent/models": ["models"],
  "agent/models-answers": ["models"],
  "agent/models-choice": ["models"],
  "agent/models-scan": ["models"],
  "agent/models-turns": ["models"],
  "agent/proxy": ["models"],
  "agent/reasoning": ["agent", "models"],
  "agent/recordings": ["recordings"],
  "agent/resets": ["sessions"],
  "agent/routing": ["agent", "sessions"],
  "agent/session-id": ["sessions"],
  "agent/session-tools": ["sessions"],
  "agent/skills": ["skills"],
  "agent/usage": ["usage"],
  "agent/voice": ["messaging", "models"],
  "agent/workspace": ["workspace"],
  "agent/workspace-confinement": ["workspace"],

  "channels/accounts": ["messaging"],
  "channels/actions": ["messaging"],
  "channels/approvals": ["approvals", "messaging"],
  "channels/authors": ["messaging"],
  "channels/crowds": ["messaging"],
  "channels/intake": ["messaging"],
  "channels/leaks": ["messaging"],
  "channels/names": ["messaging"],
  "channels/senders": ["messaging"],
  "channels/sending": ["messaging"],
  "channels/why": ["messaging"],
  "channels/words": ["messaging"],

  "cli/approvals": ["cli", "approvals"],
  "cli/devices": ["cli", "devices"],
  "cli/runs": ["cli", "recordings"],
  "cli/skills": ["cli", "skills"],
  "cli/usage": ["cli", "usage"],

  "wire/approvals": ["approvals"],
  "wire/catalogue": ["absent", "models", "server"],
  "wire/config-file": ["setup", "system"],
  "wire/config-methods": ["setup", "system"],
  "wire/device-proof": ["devices"],
  "wire/device-tokens": ["devices"],
  "wire/hooks": ["hooks"],
  "wire/http-api": ["http-api"],
  "wire/pages": ["absent", "server"],
  "wire/pairing": ["devices"],
  "wire/system": ["system"],
  "wire/watching": ["sessions"],
};
