import type { Distribution, FloatType } from '../types.js'
import { check } from './check.js'
import { measure } from './measure.js'
import { type Accumulator, testRandom } from './randomTests.js'
import { roundTo } from './roundTo.js'
import { eachRun } from './sideBySide.js'
import { checkStructure, checkZeros, type Structure, type StructureCheck } from './structure.js'

/**
 * The tests of a tensor's values against the distribution that they should have, in constant memory: mean, variance, shape
 * (Kolmogorov–Smirnov on a fixed grid) and range, standardized by the expected mean and deviation. A constant is compared, and `structure`
 * (makeFill gives both) is checked on its own. null: moments alone, for old values, which may be anything (NaN and infinities included).
 */
export function accumulate(
  distribution: Distribution | null,
  dataType: FloatType,
  elementCount: number,
  structure: Structure | null = null,
): Accumulator {
  const { family } = distribution ?? { family: 'structured' }
  if (distribution !== null && structure === null && family !== 'constant' && family !== 'structured')
    return testRandom(distribution, dataType, elementCount)
  const moments = measure()
  const tests = distribution === null ? [] : testsOf(distribution, dataType, elementCount, structure)
  return {
    add: (values) => {
      moments.add(values)
      for (const { add } of tests) add(values)
    },
    finish: () => ({ moments: moments.finish(), checks: elementCount === 0 ? [] : tests.flatMap(({ finish }) => finish()) }),
  }
}

function testsOf(distribution: Distribution, dataType: FloatType, elementCount: number, structure: Structure | null): StructureCheck[] {
  switch (structure?.kind) {
    case undefined:
      return distribution.family === 'constant' ? [equalTo(roundTo(dataType, distribution.mean))] : []
    case 'cleared': {
      const { start, end } = structure
      const zeros = equalTo(0)
      const others = testRandom(distribution, dataType, elementCount - (end - start))
      return [{ add: split(start, end, zeros.add, others.add), finish: () => [...others.finish().checks, ...zeros.finish()] }]
    }
    case 'sparse': {
      const { matrices, zeros, std } = structure
      const columns = checkZeros(matrices, zeros, elementCount)
      const others = testRandom({ family: 'normal', mean: 0, std, min: null, max: null }, dataType, null)
      return [{ add: (values) => others.add(columns.add(values)), finish: () => [...others.finish().checks, columns.finish()] }]
    }
    case 'matrices':
      return [ofMatrices(structure, dataType, elementCount)]
    default:
      return structure ? [checkStructure(structure, dataType, elementCount)] : []
  }
}

/** Each matrix passes the tests of its own distribution, as a tensor of its own would. */
function ofMatrices({ places, of }: Extract<Structure, { kind: 'matrices' }>, dataType: FloatType, elementCount: number): StructureCheck {
  const tests = of.map(({ distribution, structure }, m) =>
    accumulate(distribution, dataType, (elementCount / places.line) * (places.stretches[m]?.length ?? 0), structure),
  )
  let done = 0
  return {
    add: (values) => {
      eachRun(places, done, done + values.length, (m, _, at, length) => tests[m]?.add(values.subarray(at - done, at - done + length)))
      done += values.length
    },
    finish: () => tests.flatMap(({ finish }, m) => finish().checks.map((c) => ({ ...c, name: `${c.name} of matrix ${m + 1}` }))),
  }
}

/** Hands elements [start, end) to one test and the others to another. */
function split(start: number, end: number, inside: StructureCheck['add'], outside: StructureCheck['add']): StructureCheck['add'] {
  let at = 0
  return (values) => {
    const clip = (edge: number) => Math.min(values.length, Math.max(0, edge - at))
    outside(values.subarray(0, clip(start)))
    inside(values.subarray(clip(start), clip(end)))
    outside(values.subarray(clip(end)))
    at += values.length
  }
}

function equalTo(value: number): StructureCheck {
  let different = 0
  return {
    add: (values) => {
      for (const v of values) if (v !== value) different++
    },
    finish: () => [check('equal', different, 0)],
  }
}
