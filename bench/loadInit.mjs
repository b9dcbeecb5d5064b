import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { embedKernel } from '../assembly/embedKernel.mjs'

/** src/init with its kernel embedded, as the build bundles it. */
export async function loadInit() {
  const folder = mkdtempSync(join(tmpdir(), 'init-'))
  const modules = ['makeFill', 'resolveInitializer', 'statistics', 'roundTo', 'torch/generator']
  await build({
    stdin: { contents: modules.map((name) => `export * from './src/init/${name}.ts'`).join('\n'), resolveDir: '.' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: join(folder, 'init.mjs'),
    plugins: [embedKernel],
    logLevel: 'error',
  })
  const init = await import(pathToFileURL(join(folder, 'init.mjs')).href)
  rmSync(folder, { recursive: true })
  return init
}

/** A Linear weight [rows, columns]. */
export const linear = (rows, columns, given = {}) => ({
  dims: [rows, columns],
  elementCount: rows * columns,
  dataType: 'FLOAT',
  fan: { fanIn: columns, fanOut: rows },
  layout: ['out', 'in'],
  groups: 1,
  stacked: 1,
  role: 'weight',
  opType: 'Gemm',
  activation: null,
  scope: '',
  name: 'w',
  ...given,
})
