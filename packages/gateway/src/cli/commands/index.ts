/** The commands by name. Each module is loaded when its command runs, so that a start costs only what it uses. */

import type { Command, Group } from "../language/command.ts";

interface Entry {
  readonly summary: string;
  load(): Promise<Command | Group>;
}

/** Every command, in the order that help shows. */
export const commands: Readonly<Record<string, Entry>> = {
  gateway: { summary: "Run the gateway, or ask about it", load: async () => (await import("./gateway.ts")).gateway },
  onboard: { summary: "Set moltbot up, step by step", load: async () => (await import("./onboard.ts")).onboard },
  connect: { summary: "Use a gateway on another machine", load: async () => (await import("./connect.ts")).connect },
  gateways: { summary: "See the gateways you use", load: async () => (await import("./gateways.ts")).gateways },
  dns: { summary: "Tell name servers of this gateway", load: async () => (await import("./dns.ts")).dns },
  dashboard: { summary: "Open WebChat, signed in", load: async () => (await import("./dashboard.ts")).dashboard },
  chat: { summary: "Talk to the agent in this terminal", load: async () => (await import("./chat.ts")).chat },
  agent: { summary: "Send the agent one message", load: async () => (await import("./agent.ts")).agent },
  status: { summary: "Show what the gateway is doing", load: async () => (await import("./status.ts")).status },
  health: { summary: "Ask whether the gateway is well", load: async () => (await import("./health.ts")).health },
  channels: {
    summary: "Connect WhatsApp, Telegram, Discord and more",
    load: async () => (await import("./channels.ts")).channels,
  },
  pairing: { summary: "Let senders in", load: async () => (await import("./pairing.ts")).pairing },
  message: { summary: "Send and change messages", load: async () => (await import("./message.ts")).message },
  why: { summary: "Show why a message was answered or not", load: async () => (await import("./why.ts")).why },
  sessions: {
    summary: "List, read and search conversations",
    load: async () => (await import("./sessions.ts")).sessions,
  },
  runs: { summary: "See what the agent did, and run it again", load: async () => (await import("./runs.ts")).runs },
  agents: { summary: "Keep several agents", load: async () => (await import("./agents.ts")).agents },
  models: { summary: "Choose the model that answers", load: async () => (await import("./models.ts")).models },
  tools: { summary: "See which tools the agent may use", load: async () => (await import("./tools.ts")).tools },
  approvals: {
    summary: "Say which commands agents may run",
    load: async () => (await import("./approvals.ts")).approvals,
  },
  usage: { summary: "Show what models took and cost", load: async () => (await import("./usage.ts")).usage },
  skills: { summary: "See what agents know how to do", load: async () => (await import("./skills.ts")).skills },
  memory: { summary: "Search what the agent has noted", load: async () => (await import("./memory.ts")).memory },
  mcp: { summary: "Use the tools of MCP servers", load: async () => (await import("./mcp.ts")).mcp },
  heartbeat: {
    summary: "See what the agent looks for by itself",
    load: async () => (await import("./heartbeat.ts")).heartbeat,
  },
  system: {
    summary: "Tell the agent what has happened",
    load: async () => (await import("./system.ts")).system,
  },
  remind: { summary: "Remind you of something", load: async () => (await import("./remind.ts")).remind },
  cron: { summary: "Jobs that run at set times", load: async () => (await import("./cron.ts")).cron },
  mail: { summary: "See the mailboxes that are watched", load: async () => (await import("./mail.ts")).mail },
  hooks: { summary: "See what other programs send", load: async () => (await import("./hooks.ts")).hooks },
  devices: { summary: "Approve and remove devices", load: async () => (await import("./devices.ts")).devices },
  nodes: { summary: "Use phones and other machines", load: async () => (await import("./nodes.ts")).nodes },
  canvas: { summary: "See what agents draw", load: async () => (await import("./canvas.ts")).canvas },
  node: { summary: "Make this machine a node", load: async () => (await import("./node.ts")).node },
  config: { summary: "Read and change the settings", load: async () => (await import("./config.ts")).config },
  logs: { summary: "Show the gateway's log", load: async () => (await import("./logs.ts")).logs },
  backup: { summary: "Make, list and check backups", load: async () => (await import("./backup.ts")).backup },
  restore: { summary: "Go back to a backup", load: async () => (await import("./restore.ts")).restore },
  update: { summary: "Update the gateway", load: async () => (await import("./update.ts")).updateCommand },
  state: { summary: "Show what takes room", load: async () => (await import("./state.ts")).state },
  doctor: { summary: "Find what is wrong and how to mend it", load: async () => (await import("./doctor.ts")).doctor },
  import: {
    summary: "Take over the state of clawdbot or openclaw",
    load: async () => (await import("./import.ts")).importGroup,
  },
  drill: {
    summary: "Kill a gateway again and again and count what is lost",
    load: async () => (await import("./drill.ts")).drill,
  },
  completion: {
    summary: "Print completions for a shell",
    load: async () => (await import("./completion.ts")).completion,
  },
};
