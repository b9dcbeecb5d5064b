// What each selection flag means: the table of CLI.md, on one model.
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inspect, ReinitError, type SelectionOptions } from '../src/index.js'
import { folderOf, graph, initializer, input, model, node, output } from './buildModel.js'

const layers = ['fc', 'fc1', 'fc10', 'head.fc', 'layer4.0.conv1', 'layer4.1.conv1', 'layer40.conv1', 'a,b']
const values = [0.5, -0.25, 1.5, 2]
const path = join(
  folderOf({
    'names.onnx': model(
      graph(
        ...layers.flatMap((layer, i) => [
          node('MatMul', [i === 0 ? 'x' : `b${i - 1}`, `${layer}.weight`], [`a${i}`], { name: `/n${i}/MatMul` }),
          node('Add', [`a${i}`, `${layer}.bias`], [i === layers.length - 1 ? 'y' : `b${i}`], { name: `/n${i}/Add` }),
          initializer({ name: `${layer}.weight`, dims: [2, 2], values: values.map((v) => v + i) }),
          initializer({ name: `${layer}.bias`, dims: [2], values: [i + 0.5, i] }),
        ]),
        input('x', [1, 2]),
        output('y', [1, 2]),
      ),
    ),
  }),
  'names.onnx',
)
const all = layers.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`])
const both = (...of: readonly string[]) => of.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`])

const cases: readonly (readonly [what: string, options: SelectionOptions, selected: readonly string[]])[] = [
  ['nothing given', {}, all],
  ['a layer', { layers: ['fc'] }, both('fc')],
  ['a layer never means another with the same end', { layers: ['fc1'] }, both('fc1')],
  ['a tensor alone', { layers: ['fc.bias'] }, ['fc.bias']],
  ['a node', { layers: ['/n2/MatMul'] }, ['fc10.weight']],
  ['a container ends at a dot', { layers: ['layer4'] }, both('layer4.0.conv1', 'layer4.1.conv1')],
  ['a part of a path', { layers: ['layer4.1'] }, both('layer4.1.conv1')],
  ['several values', { layers: ['fc', 'fc10.bias'] }, [...both('fc'), 'fc10.bias']],
  ['a list', { layers: ['fc,fc10.bias'] }, [...both('fc'), 'fc10.bias']],
  ['a name with a comma, whole', { layers: ['a,b.bias'] }, ['a,b.bias']],
  ['* stops at dots', { layers: ['*.conv1'] }, both('layer40.conv1')],
  ['** does not', { layers: ['**.conv1'] }, both('layer4.0.conv1', 'layer4.1.conv1', 'layer40.conv1')],
  ['a glob is of the whole name', { layers: ['fc*'] }, both('fc', 'fc1', 'fc10')],
  ['* in the middle', { layers: ['layer4.*.conv1.weight'] }, ['layer4.0.conv1.weight', 'layer4.1.conv1.weight']],
  ['a dot is a dot', { layers: ['**.fc.*'] }, both('head.fc')],
  ['an unanchored expression', { layers: ['re:fc1'] }, both('fc1', 'fc10')],
  ['an anchored one', { layers: ['re:^fc1$'] }, both('fc1')],
  ['of tensors', { layers: [String.raw`re:^fc1?\.w`] }, ['fc.weight', 'fc1.weight']],
  ['the head', { head: true }, ['a,b.weight', 'a,b.bias']],
  ['the head and a layer', { head: true, layers: ['fc'] }, both('fc', 'a,b')],
  ['everything', { all: true }, all],
  ['an operator alone narrows everything', { opTypes: ['Add'] }, layers.map((l) => `${l}.bias`)],
  ['an operator with its domain', { opTypes: ['ai.onnx:MatMul'], layers: ['fc'] }, ['fc.weight']],
  ['roles', { all: true, roles: ['bias'] }, layers.map((l) => `${l}.bias`)],
  ['two roles', { layers: ['fc'], roles: ['bias', 'weight'] }, both('fc')],
  ['take away', { layers: ['fc*'], exclude: ['fc1'] }, both('fc', 'fc10')],
  ['take away a list and globs', { all: true, exclude: ['fc,fc1', 'layer4**', 'a,b.bias', '**.weight'] }, ['fc10.bias', 'head.fc.bias']],
]

test.each(cases)('%s', async (_, options, selected) => {
  const report = await inspect(path, options)
  const names = report.parameters.filter((p) => p.selected).map((p) => p.name)
  expect(names.toSorted()).toEqual([...selected].toSorted())
})

const refused: readonly (readonly [what: string, options: SelectionOptions, message: RegExp])[] = [
  ['a typo', { layers: ['fc2'] }, /^--layers "fc2" matches nothing in this model\. Nearest: ("[^"]+", )*"fc1?0?"/],
  ['another prefix comes first', { layers: ['conv1'] }, /Nearest: "layer4\.0\.conv1", "layer4\.1\.conv1", "layer40\.conv1"/],
  ['a layer above others', { layers: ['layer4O'] }, /Nearest: ("[^"]+", )*"layer40?"/],
  ['case counts', { layers: ['FC'] }, /^--layers "FC" matches nothing/],
  ['an empty value', { layers: [''] }, /^--layers "" matches nothing/],
  ['an exclusion that hits nothing', { all: true, exclude: ['gone'] }, /^--exclude "gone" matches nothing/],
  ['an expression that is none', { layers: ['re:('] }, /^--layers re:\( is not a regular expression: .+/],
  ['roles alone', { roles: ['bias'] }, /--roles narrows a selection/],
  ['an operator that is not there', { opTypes: ['Conv'] }, /^--op-type Conv matches no parameter/],
  ['a role that is not there', { all: true, roles: ['slope'] }, /^--roles slope matches no parameter/],
  ['nothing left', { layers: ['fc'], exclude: ['fc'] }, /Nothing is left of the selection/],
  ['an exclusion alone', { exclude: ['fc'] }, /Nothing is selected/],
]

describe('refused with exit status 2, in one line', () => {
  test.each(refused)('%s', async (_, options, message) => {
    const error: unknown = await inspect(path, options).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(ReinitError)
    expect(error).toMatchObject({ code: 'usage', exitCode: 2, message: expect.stringMatching(message) as string })
    expect((error as Error).message).not.toContain('\n')
  })

  test('a model without parameters', async () => {
    const empty = join(folderOf({ 'e.onnx': model(graph(node('Relu', ['x'], ['y']), input('x', [1]), output('y', [1]))) }), 'e.onnx')
    await expect(inspect(empty, { all: true })).rejects.toThrow(/^The model has no parameters that could be selected/)
    expect((await inspect(empty)).parameters).toEqual([])
  })
})
