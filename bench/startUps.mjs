import { join } from 'node:path'

/**
 * What little jobs cost beside Node's own start.
 * @returns {import('./measure.mjs').Job[]}
 */
export function startUps({ cli, folder }) {
  const model = join(folder, 'models', 'mlp', 'model.onnx')
  const jobs = {
    '--version': ['--version'],
    '--help': ['--help'],
    'inspect, 5 KB': ['inspect', model],
    'dry run, 5 KB': [model, '--layers', 'fc', '--xavier-normal', '--dry-run'],
  }
  return [
    { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
    ...Object.entries(jobs).map(([name, args]) => ({ name, command: [process.execPath, cli, ...args] })),
  ]
}
