// More blocks than one index takes are looked for in rounds.
import { expect, test, vi } from 'vitest'
import { auditOf, fresh, modelOf, trained } from './auditModels.js'
import * as b from './buildModel.js'

vi.mock('../src/audit/blockFilter.js', async (original) => ({
  ...(await original<typeof import('../src/audit/blockFilter.js')>()),
  MAX_BLOCKS: 100,
}))

const old = (name: string) => b.raw('FLOAT', trained[name] as readonly number[])

test('what is looked for in different rounds is all found', async () => {
  const { leaks } = await auditOf(
    modelOf({ values: trained }),
    modelOf({ values: fresh(7), model: [b.bytes(4242, old('fc.weight')), b.bytes(4243, old('conv.weight'))] }),
  )
  expect(leaks.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(['run conv.weight', 'run fc.weight'])
  expect((await auditOf(modelOf({ values: trained }), modelOf({ values: fresh(7) }))).clean).toBe(true)
})
