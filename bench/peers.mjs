import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { run } from './measure.mjs'

const HERE = import.meta.dirname
const script = (name) => join(HERE, 'peers', name)

/** What people use today. One entry an alternative. */
export const peers = {
  'onnx + numpy': script('onnx_numpy.py'),
  'onnx-ir': script('onnx_ir_numpy.py'),
  GraphSurgeon: script('graphsurgeon.py'),
  'torch + onnx': script('torch_onnx.py'),
}
export const onnxLoad = script('onnx_load.py')

/**
 * A Python with the peers in a folder of its own, or why there is none.
 * @param {string} folder
 * @param {string | undefined} given a Python that has them
 * @param {{ requirements: string, names: readonly string[] }} which the file that lists the peers, and those whose versions are told
 * @returns {{ python: string | null, versions: Record<string, string>, missing: string | null }}
 */
export function preparePython(
  folder,
  given,
  which = { requirements: 'requirements.txt', names: ['numpy', 'onnx', 'onnx-graphsurgeon', 'onnx-ir', 'torch'] },
) {
  try {
    const { requirements, names } = which
    const python =
      given ??
      install(join(folder, requirements === 'requirements.txt' ? 'venv' : `venv-${basename(requirements, '.txt')}`), script(requirements))
    const code = `import importlib.metadata as m, json, sys; print(json.dumps({'Python': sys.version.split()[0]} | {n: m.version(n) for n in ${JSON.stringify(names)}}))`
    return { python, versions: JSON.parse(run([python, '-c', code]).stdout), missing: null }
  } catch (error) {
    return { python: null, versions: {}, missing: `no Python with the peers (${error.message.trim().split('\n').at(-1)})` }
  }
}

function install(folder, requirements) {
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(python)) {
    if (spawnSync('python3', ['--version']).status !== 0) throw new Error('python3 is not there')
    run(['python3', '-m', 'venv', folder])
  }
  console.error(`installing the peers into ${folder}`)
  run([python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements])
  return python
}
