import type { Command } from './command.js'

/** One entry a command; `reinit` is the one without a name. Only the command that is asked for is loaded. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  reinit: async () => (await import('./reinit.js')).reinitCommand,
  inspect: async () => (await import('./inspect.js')).inspectCommand,
  diff: async () => (await import('./diff.js')).diffCommand,
}
