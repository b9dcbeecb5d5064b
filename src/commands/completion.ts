import type { Command } from './command.js'
import { generalFlags } from './flags.js'
import { print } from './io.js'
import { parserOf } from './parser.js'

const shells = ['bash', 'zsh'] as const

export const completionCommand: Command = {
  name: 'completion',
  usage: '[--shell NAME]',
  summary: 'shell completion script',
  operands: { noun: 'operand', names: [] },
  groups: [
    {
      heading: 'Script',
      flags: [
        { name: 'shell', value: 'NAME', choices: shells, fallback: 'what $SHELL says', summary: 'the shell that the script is for' },
        ...generalFlags,
      ],
    },
  ],
  examples: [
    ['completion >> ~/.bashrc', 'for every new bash'],
    ['completion --shell zsh >> ~/.zshrc', 'for every new zsh, behind compinit'],
  ],
  exits: [
    ['0', 'done'],
    ['2', 'usage: unknown flag or shell'],
  ],
  async run({ given }, io) {
    const login = io.env['SHELL']?.endsWith('zsh') ? 'zsh' : 'bash'
    await print(io.stdout, [await scriptOf(given.get('shell')?.[0] ?? login)])
    return 0
  },
}

/** yargs' own script. What it writes, and what it answers when the script asks, go by $SHELL: the script says it. */
async function scriptOf(shell: string): Promise<string> {
  process.env['SHELL'] = shell
  const script = await new Promise<string>((resolve) => {
    void parserOf([])
      .completion('completion')
      .parse(['completion'], {}, (_error: unknown, _argv: unknown, output: string) => resolve(output))
  })
  return `${script.replace('onnx-reinit --get-yargs-completions', `SHELL=${shell} $&`)}\n`
}
