import type { Command } from './command.js'

/** One entry a command, '' is the main job. Only the command that is asked for is loaded. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  '': async () => (await import('./reinit.js')).reinitCommand,
  inspect: async () => (await import('./inspect.js')).inspectCommand,
  scramble: async () => (await import('./scramble.js')).scrambleCommand,
  audit: async () => (await import('./audit.js')).auditCommand,
  diff: async () => (await import('./diff.js')).diffCommand,
  strip: async () => (await import('./strip.js')).stripCommand,
  materialize: async () => (await import('./materialize.js')).materializeCommand,
  init: async () => (await import('./init.js')).initCommand,
  completion: async () => (await import('./completion.js')).completionCommand,
}

/** Every command but one. */
export const others = (name: string): Promise<Command[]> =>
  Promise.all(
    Object.entries(commands)
      .filter(([key]) => key !== name)
      .map(([, load]) => load()),
  )
