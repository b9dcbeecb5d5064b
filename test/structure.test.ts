// The architecture: imports go one way, a stage never imports a stage, a dependency has one file that imports it.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** From the bottom up: a file imports its own layer and those above it in this list. Files at src/ are named, folders end in /. */
const layers: readonly (readonly [layer: string, places: string])[] = [
  ['words', 'types types/ errors reports reports/ version stopwatch childScript'],
  ['tools', 'bytes/ init/ run/'],
  ['format', 'onnx/'],
  ['operators', 'ops/'],
  ['heads', 'head/ scramble/ audit/'],
  ['skeletons', 'skeleton/'],
  ['names', 'names/ recipe/'],
  [
    'stages',
    'readModel findWeights findNotes selectWeights planFills planHead planCut makePlan writePlan verifyPlan runModel probeModel planSkeleton readSkeleton planMaterialized auditFiles compareTensors compareRest findLearned planScramble planScrub planNames',
  ],
  ['pipelines', 'inspect planJob compareFeatures proofs reinit diff audit strip materialize planScrambled calibrate deviations scramble'],
  ['library', 'index'],
  ['reports', 'report/'],
  ['command line', 'commands/ cli'],
]

const files = (readdirSync('src', { recursive: true }) as string[]).filter((f) => /\.[tj]s$/.test(f)).map((f) => f.replaceAll('\\', '/'))
const sources = new Map(files.map((f) => [f, readFileSync(join('src', f), 'utf8')]))
/** What a file imports: paths below src/, packages by name. */
const imports = new Map([...sources].map(([file, text]) => [file, importsOf(file, text)]))

function importsOf(file: string, text: string): string[] {
  const found = [
    ...text.matchAll(/(?:^|\n)(?:import|export)\s[\w\s{},*]*?from\s['"]([^'"]+)['"]/g),
    ...text.matchAll(/(?:^|\n)import\s['"]([^'"]+)['"]/g),
    ...text.matchAll(/\b(?:import|require|require\.resolve)\(\s*['"]([^'"]+)['"]/g),
  ]
  return found.map(([, name = '']) => (name.startsWith('.') ? sourceOf(normalize(join(dirname(file), name)).replaceAll('\\', '/')) : name))
}

/** The .ts file behind a .js import. */
function sourceOf(path: string): string {
  return files.includes(path) ? path : path.replace(/\.js$/, '.ts')
}

const placeOf = (file: string) => (file.includes('/') ? `${file.split('/')[0]}/` : file.replace(/\.[tj]s$/, ''))
const layerOf = (file: string) => layers.findIndex(([, places]) => places.split(' ').includes(placeOf(file)))

test('every file has a place in the layers', () => {
  expect(files.filter((f) => layerOf(f) < 0)).toEqual([])
})

test('a file imports what is below it', () => {
  const upwards = files.flatMap((file) =>
    ownImports(file).flatMap((imported) => {
      const [from, to] = [layerOf(file), layerOf(imported)]
      // bytes knows no onnx and init knows no files; a stage does not know another
      const isPeer = from === to && from > 0 && placeOf(file) !== placeOf(imported) && !mayMeet(file)
      return to > from || isPeer ? [`src/${file} imports src/${imported}`] : []
    }),
  )
  expect(upwards).toEqual([])
})

const ownImports = (file: string) => (imports.get(file) ?? []).filter((f) => files.includes(f))

/** Pipelines call each other's parts, the command line is one. */
const mayMeet = (file: string) => ['pipelines', 'command line'].includes(layers[layerOf(file)]?.[0] ?? '')

test("the format's folders import what is below them", () => {
  const floors = ['onnx/values', 'onnx/read', 'onnx/edit', 'onnx/external']
  const upwards = files.flatMap((file) => {
    const own = ownImports(file).filter((f) => f.startsWith('onnx/') && floors.includes(dirname(file)))
    return own.flatMap((f) =>
      floors.slice(0, floors.indexOf(dirname(file)) + 1).includes(dirname(f)) ? [] : [`src/${file} imports src/${f}`],
    )
  })
  expect(upwards).toEqual([])
})

/** Those of types too: what a file is about can be read without the files that use it. */
test('imports have no cycle', () => {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, [...path, file].join(' → ')).not.toContain(file)
    if (done.has(file)) return
    for (const next of ownImports(file)) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}

test.each([...Object.keys(dependencies), ...Object.keys(optionalDependencies)])('one file imports %s', (name) => {
  const importing = files.filter((f) => imports.get(f)?.some((i) => i === name || i.startsWith(`${name}/`)))
  expect(importing).toHaveLength(1)
})

test('onnxruntime-node is imported where a model is run, and nowhere before', () => {
  const importing = files.filter((f) => imports.get(f)?.includes('onnxruntime-node'))
  expect(importing.every((f) => f.startsWith('run/'))).toBe(true)
})

test('what is imported is a dependency, or comes with Node', () => {
  const known = new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)])
  for (const [file, list] of imports)
    for (const name of list)
      if (!name.startsWith('node:') && !files.includes(name)) expect(known, `src/${file} imports ${name}`).toContain(name.split('/')[0])
})

/** Data rather than code: a table of one entry after another. */
const LONG = new Set(['init/initializers.ts'])
const MAX_LINES = 270

test('no file is longer than a person reads at once', () => {
  const lines = (file: string) => (sources.get(file) ?? '').split('\n').length - 1
  expect(files.filter((f) => !LONG.has(f) && lines(f) > MAX_LINES).map((f) => `src/${f}: ${lines(f)} lines`)).toEqual([])
})

const stages = files.filter((f) => !f.includes('/') && ['stages', 'pipelines'].includes(layers[layerOf(f)]?.[0] ?? ''))
test('a stage exports the function that it is named after', () => {
  const exports = (file: string) => new RegExp(`\\nexport (?:async )?function ${placeOf(file)}\\b|\\nexport const ${placeOf(file)} =`)
  expect(stages.filter((f) => !exports(f).test(sources.get(f) ?? ''))).toEqual([])
})

test('the library exports names, and has no code', () => {
  const lines = (sources.get('index.ts') ?? '').split('\n').filter((l) => l !== '' && !l.startsWith('//'))
  for (const line of lines) expect(line).toMatch(/^export (type )?(\{.*\}|\*) from '\.\/[\w/]+\.js'$/)
})
