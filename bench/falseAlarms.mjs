// Draws tensors that are as they should be and counts those that a test of the statistics takes for wrong: about one in a million may be.
// node bench/falseAlarms.mjs [tensors]
import { linear, loadInit } from './loadInit.mjs'

const { makeFill, resolveInitializer, accumulate, roundTo } = await loadInit()
const tensors = Number(process.argv[2] ?? 200_000)
const initializers = [
  'xavier_normal',
  'xavier_uniform',
  'he_normal:truncated=true',
  'uniform:a=0,b=1',
  'normal:mean=0.3,std=0.02',
  'trunc_normal:std=0.02',
  'trunc_normal:a=-0.5,b=3',
].map((text) => resolveInitializer(text))
const dataTypes = ['FLOAT', 'FLOAT16', 'BFLOAT16', 'DOUBLE']
const shapes = [
  [1, 1],
  [1, 2],
  [1, 3],
  [1, 5],
  [2, 5],
  [1, 29],
  [5, 6],
  [8, 8],
  [15, 20],
  [32, 32],
  [64, 64],
  [100, 200],
]
/** Three matrices side by side, of a quarter, a quarter and a half of the columns. */
const unequal = (rows, columns) => ({
  layout: ['in', 'out'],
  matrices: [columns / 4, columns / 4, columns / 2].map((width) => ({ width, fan: { fanIn: rows, fanOut: width } })),
})
const tests = new Map()
let seed = 0n
for (; seed < tensors; seed++) {
  const pick = (list) => list[Number(((seed * 0x9e3779b97f4a7c15n) >> 20n) % 1000003n) % list.length]
  const dataType = dataTypes[Number(seed) % dataTypes.length]
  const initializer = initializers[Number(seed >> 2n) % initializers.length]
  const [rows, columns] = pick(shapes)
  const target = linear(rows, columns, { dataType, ...(seed % 5n === 0n && columns % 4 === 0 ? unequal(rows, columns) : {}) })
  const { filler, distribution, structure } = makeFill(initializer, target, seed)
  const values = new Float32Array(target.elementCount)
  filler.fill(values, 0)
  if (dataType === 'FLOAT16' || dataType === 'BFLOAT16') for (let i = 0; i < values.length; i++) values[i] = roundTo(dataType, values[i])
  const statistics = accumulate(distribution, dataType, target.elementCount, structure)
  statistics.add(values)
  for (const { name: full, passed, statistic, limit } of statistics.finish().checks) {
    const name = full.replace(/ of matrix \d+$/, '')
    const test = tests.get(name) ?? { count: 0, alarms: 0, nearest: 0 }
    tests.set(name, test)
    test.count++
    test.nearest = Math.max(test.nearest, statistic / limit)
    if (passed) continue
    test.alarms++
    console.log(`${initializer.name} ${dataType} [${target.dims}] seed ${seed}: ${name} ${statistic} above ${limit}`)
  }
}
for (const [name, { count, alarms, nearest }] of tests)
  console.log(`${name.padEnd(9)} ${count} tests, ${alarms} false alarms, the nearest at ${(100 * nearest).toFixed(1)} % of its limit`)
