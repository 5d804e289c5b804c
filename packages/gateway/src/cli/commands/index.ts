/** The commands by name. Each module is loaded when its command runs, so that a start costs only what it uses. */

import type { Command, Group } from "../language/command.ts";

interface Entry {
  /** Begins a group of the help: this command and those after it, up to the next heading. */
  readonly heading?: string;
  readonly summary: string;
  load(): Promise<Command | Group>;
}

/** Every command, in the order that help shows. */
export const commands: Readonly<Record<string, Entry>> = {
  gateway: {
    heading: "Set up and open",
    summary: "Run the gateway, or make it a service",
    load: async () => (await import("./gateway.ts")).gateway,
  },
  onboard: { summary: "Set moltbot up, step by step", load: async () => (await import("./onboard.ts")).onboard },
  connect: { summary: "Use a gateway on another machine", load: async () => (await import("./connect.ts")).connect },
  gateways: {
    summary: "List and find gateways on other machines",
    load: async () => (await import("./gateways.ts")).gateways,
  },
  dns: { summary: "Write a DNS zone by which this gateway is found", load: async () => (await import("./dns.ts")).dns },
  dashboard: { summary: "Open WebChat, signed in", load: async () => (await import("./dashboard.ts")).dashboard },
  chat: {
    heading: "Talk and look",
    summary: "Talk to the agent in this terminal",
    load: async () => (await import("./chat.ts")).chat,
  },
  agent: { summary: "Send the agent one message", load: async () => (await import("./agent.ts")).agent },
  status: { summary: "Show what the gateway is doing", load: async () => (await import("./status.ts")).status },
  health: { summary: "Ask whether the gateway is well", load: async () => (await import("./health.ts")).health },
  channels: {
    heading: "Channels",
    summary: "Connect WhatsApp, Telegram, Discord and more",
    load: async () => (await import("./channels.ts")).channels,
  },
  pairing: {
    summary: "Let people in who write to the agent",
    load: async () => (await import("./pairing.ts")).pairing,
  },
  message: { summary: "Send and change messages", load: async () => (await import("./message.ts")).message },
  why: { summary: "Show why a message was answered or not", load: async () => (await import("./why.ts")).why },
  sessions: {
    heading: "Conversations",
    summary: "List, read and search conversations",
    load: async () => (await import("./sessions.ts")).sessions,
  },
  runs: { summary: "See what the agent did, and run it again", load: async () => (await import("./runs.ts")).runs },
  agents: {
    heading: "Agents and models",
    summary: "Add, list and remove agents",
    load: async () => (await import("./agents.ts")).agents,
  },
  models: { summary: "Choose the model that answers", load: async () => (await import("./models.ts")).models },
  tools: { summary: "See which tools the agent may use", load: async () => (await import("./tools.ts")).tools },
  approvals: {
    summary: "Approve commands that agents want to run",
    load: async () => (await import("./approvals.ts")).approvals,
  },
  usage: { summary: "Show the tokens and the cost of models", load: async () => (await import("./usage.ts")).usage },
  skills: {
    summary: "List the skills of agents and set them up",
    load: async () => (await import("./skills.ts")).skills,
  },
  memory: { summary: "Search the agent's notes", load: async () => (await import("./memory.ts")).memory },
  mcp: { summary: "Use the tools of MCP servers", load: async () => (await import("./mcp.ts")).mcp },
  heartbeat: {
    heading: "What runs by itself",
    summary: "See when the agent looks for news, and why",
    load: async () => (await import("./heartbeat.ts")).heartbeat,
  },
  system: {
    summary: "Tell the agent of an event",
    load: async () => (await import("./system.ts")).system,
  },
  remind: { summary: "Make and list reminders", load: async () => (await import("./remind.ts")).remind },
  cron: { summary: "Add and list jobs that run at set times", load: async () => (await import("./cron.ts")).cron },
  mail: { summary: "See the mailboxes that are watched", load: async () => (await import("./mail.ts")).mail },
  hooks: { summary: "See the calls of other programs", load: async () => (await import("./hooks.ts")).hooks },
  devices: {
    heading: "Devices",
    summary: "Approve and remove devices",
    load: async () => (await import("./devices.ts")).devices,
  },
  nodes: { summary: "Use phones and other machines", load: async () => (await import("./nodes.ts")).nodes },
  canvas: { summary: "See the pages and screens of agents", load: async () => (await import("./canvas.ts")).canvas },
  node: { summary: "Make this machine a node", load: async () => (await import("./node.ts")).node },
  config: {
    heading: "Settings and upkeep",
    summary: "Read and change the settings",
    load: async () => (await import("./config.ts")).config,
  },
  logs: { summary: "Show the gateway's log", load: async () => (await import("./logs.ts")).logs },
  backup: { summary: "Make, list and check backups", load: async () => (await import("./backup.ts")).backup },
  restore: { summary: "Go back to a backup", load: async () => (await import("./restore.ts")).restore },
  update: { summary: "Update the gateway", load: async () => (await import("./update.ts")).updateCommand },
  state: { summary: "Show how much disk the state takes", load: async () => (await import("./state.ts")).state },
  doctor: { summary: "Find what is wrong and how to mend it", load: async () => (await import("./doctor.ts")).doctor },
  import: {
    summary: "Take over the state of clawdbot or openclaw",
    load: async () => (await import("./import.ts")).importGroup,
  },
  drill: {
    summary: "Test that a killed gateway loses no message",
    load: async () => (await import("./drill.ts")).drill,
  },
  completion: {
    summary: "Print completions for a shell",
    load: async () => (await import("./completion.ts")).completion,
  },
};
