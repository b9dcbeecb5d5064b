import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { extremes } from '../fuzz/extremes.js'
import type { ShareInput } from '../fuzz/input.js'
import { judge, type Verdict } from '../fuzz/judge.js'
import type { ReinitOptions } from '../src/reports.js'

const folder = mkdtempSync(join(tmpdir(), 'onnx-reinit-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))
const judged = (model: Uint8Array, options: ReinitOptions): Promise<Verdict> =>
  judge(
    { job: 'reinit', model, files: {}, options: { shared: 'rewrite', run: false, ...options }, output: 'out.onnx' },
    join(folder, 'one'),
  )
const HEAD: ReinitOptions = { head: true, numClasses: 10, init: 'xavier_normal' }
const TORCH: ReinitOptions = { all: true, init: 'torch_default' }
const BIASES: ReinitOptions = { ...TORCH, bias: 'torch' }
/** 'written', or why not. */
const outcome = (verdict: Verdict): string =>
  verdict.kind === 'written' ? 'written' : 'message' in verdict ? verdict.message : `WRONG: ${verdict.what}`

/** What the fuzzer has found: each was a crash, a hang, or a wrong answer. Beside the expected outcome the job, where it is not the usual one. */
const found: Readonly<Record<string, RegExp | readonly [RegExp, ReinitOptions]>> = {
  attribute_given_twice: /^Nothing that is selected can be changed: 32 bytes are not N 0, K 16/,
  constant_without_outputs: /^written$/,
  cut_behind_branches_without_names: [/^written$/, { head: true, featureExtractor: true }],
  doubles_in_int32_data: /DOUBLE values stand in int32_data, where ONNX does not have them/,
  kernels_in_negative_groups: [/^torch_default: the layer of bias "up\.bias" has fan_in -\S+, which must be above 0\.$/, BIASES],
  kernels_in_no_groups: [
    /: the 6 output channels of tensor "b\.weight_quantized" are not in 0 groups\.$/,
    { all: true, init: 'delta_orthogonal' },
  ],
  names_of_markup: /^written$/,
  nbits_of_2_to_32_rows: /^Nothing that is selected can be changed: 32 bytes are not N 4, K 4294967296 in blocks of 16/,
  operator_called___proto__: /^written$/,
  operator_called_constructor: /^written$/,
  operator_called_hasOwnProperty: /^written$/,
  operator_called_toString: /^written$/,
  operator_of_2000_slashes: /^The model has no parameters that could be selected: read by \/+/,
  operator_with_line_breaks: /read by a\\u000ab\\u2028c\\u202ed: not a known parameter/,
  output_of_branch_is_the_node_itself: /^written$/,
  output_of_nested_branches_is_captured: /^written$/,
  peepholes_of_an_lstm: [/^written$/, TORCH],
  recurrent_weight_of_no_axes: [/^Tensor "half" is \[\]: torch's fan_in needs two axes\.$/, TORCH],
  rows_of_none: [/^written$/, { all: true, init: 'orthogonal' }],
  scales_of_themselves: [/^The number of classes can't change: DequantizeLinear "w" has the operand "w", which is made from itself/, HEAD],
  scales_that_are_too_few: /^Nothing that is selected can be changed: 32 bytes are not N 4, K 9007199254740991/,
  slice_of_an_axis_that_is_not_there: /^written$/,
  unsqueeze_axis_out_of_range: /^written$/,
}
const modelsIn = (below: string) => readdirSync(below).filter((f) => f.endsWith('.onnx'))
test.each(modelsIn('fixtures/hostile'))('finding %s', async (file) => {
  const entry = found[file.replace('.onnx', '')] ?? /^what is expected of it stands here$/
  const [expected, options] = entry instanceof RegExp ? [entry, { all: true, init: 'orthogonal' }] : entry
  expect(outcome(await judged(readFileSync(join('fixtures/hostile', file)), options))).toMatch(expected)
})

/** Found where models are scrambled, stripped and drawn anew. */
const foundShared: Readonly<Record<string, RegExp | readonly [RegExp, Partial<ShareInput['options']>]>> = {
  codes_of_one_value: /^written$/,
  constant_with_a_tensor_for_floats: /^written$/,
  constant_without_a_name: /^written$/,
  embedding_of_no_axes: /^written$/,
  floats_of_11_bytes: /^not a valid ONNX file: at byte \d+, a list of floats has 11 bytes/,
  floats_of_an_unknown_traditional_operator: /^written$/,
  graph_in_an_attribute_given_twice: /^Node "y" \(ai\.onnx:If\) has two attributes "then_branch": which one counts is not defined\.$/,
  labels_in_raw_data: /^written$/,
  limits_that_are_no_codes: /^written$/,
  named_as_a_word_of_the_recipe: [/^written$/, { rename: 'all' }],
  scale_of_integers_that_are_no_weight: /^written$/,
  text_in_a_reserved_field: [/^written$/, { rename: 'all' }],
  told_as_a_word_of_the_recipe: /^written$/,
  values_given_twice: /^written$/,
  values_in_the_type_of_an_operator: /^run "w": values 0 to 11 stand outside of every tensor$/,
  zero_point_that_is_no_code: /^written$/,
}
const shared = (model: Uint8Array, options: Partial<ShareInput['options']> = {}): Promise<Verdict> =>
  judge(
    { job: 'share', model, files: {}, options: { data: 'inline', rename: 'none', ...options }, leastBytes: 0, data: 'inline' },
    join(folder, 'one'),
  )
test.each(modelsIn('fixtures/hostile/share'))('finding %s, to be shared', async (file) => {
  const entry = foundShared[file.replace('.onnx', '')] ?? /^what is expected of it stands here$/
  const [expected, options] = entry instanceof RegExp ? [entry, {}] : entry
  expect(outcome(await shared(readFileSync(join('fixtures/hostile/share', file)), options))).toMatch(expected)
})

/** Found where skeletons that were tampered with are drawn. */
const foundSkeletons: Readonly<Record<string, RegExp>> = {
  integers_left_out_of_a_field_of_doubles: /^Tensor "t0" \(INT8 \[80,64\]\) needs 5120 bytes, but double_data has 0 at byte \d+\.$/,
  orthogonal_of_2_to_34_elements: /asks for orthogonal of 17179869184 elements: at most 4194304 are drawn\.$/,
  two_empty_fields_for_values: /^written$/,
  values_before_the_empty_field: /^Tensor "w" of the skeleton has no empty field for its values\.$/,
  values_of_a_sparse_tensor_in_parts: /is left out of a message in parts, the first at byte \d+: a skeleton has it in one\.$/,
  values_of_a_tensor_in_parts: /is left out of a message in parts, the first at byte \d+: a skeleton has it in one\.$/,
}
test.each(modelsIn('fixtures/hostile/skeletons'))('finding %s, a skeleton', async (file) => {
  const model = readFileSync(join('fixtures/hostile/skeletons', file))
  for (const data of ['inline', 'external'] as const)
    expect(outcome(await judge({ job: 'skeleton', model, data }, join(folder, 'one')))).toMatch(
      foundSkeletons[file.replace('.onnx', '')] ?? /^what is expected of it stands here$/,
    )
})

/** Of those that are refused, why; the others are written. */
const refusals: Readonly<Record<string, RegExp>> = {
  'subgraphs nested 999 deep, with weights in them': /^graphs are nested more than 100 deep: refused\.$/,
  'subgraphs nested 10,000 deep': /^graphs are nested more than 100 deep: refused\.$/,
  'dims of 2^63': /whose product is beyond 2\^53/,
  'dims whose product wraps to 16': /whose product is beyond 2\^53/,
  '1,000,000 dims': /^Tensor "w" has 1048576 dims, more than 256: refused\.$/,
  'a sparse tensor with more values than places': /^Sparse tensor "w" has a negative dimension: \[-1,2\]\.$/,
  'a varint of 11 bytes': /^not a valid ONNX file: at byte 0, a number has more than 10 bytes/,
  'a length of 2^64 − 1': /the file is truncated or damaged/,
  'a length of 2 GiB in 20 bytes': /the file is truncated or damaged/,
  'a string of 2^40 bytes in a length': /the file is truncated or damaged/,
  'an external offset and length beyond 2^53 in sum': /^External data file "w\.data" is missing beside the model\.$/,
  'an external offset of 2^64': /external offset "18446744073709551616" is not a number below 2\^53/,
  'external data of 2^52 bytes': /^External data file "w\.data" is missing beside the model\.$/,
  '1,000,000 integers in an attribute': /read by no node/,
  '30,000 inputs of a node': /read by no node/,
  'a concatenation doubled 200 times': /read by no node/,
  'functions that double 40 times': /^The model's functions and subgraphs run more than 200000 bodies: refused\.$/,
  'functions that call each other 20,000 deep': /^Functions and subgraphs run each other more than 500 deep: refused\.$/,
  'functions that call themselves': /^Function local:f calls itself: not a valid ONNX model\.$/,
  'branches in a function that call it': /^Function local:f calls itself: not a valid ONNX model\.$/,
  'codes of 2^40 rows': /32 bytes are not N 4096, K 1099511627776 in blocks of 16/,
  'codes in blocks of 0': /32 bytes are not N 4, K 16 in blocks of 0/,
  'codes in negative blocks': /^(Nothing that is selected can be changed|Tensor "w" has fan_in -16)/,
  'an equation of 1,000,000 letters': /read by Einsum: not a known parameter/,
}
test.each(Object.entries(extremes))('%s', { timeout: 60_000 }, async (name, make) => {
  expect(outcome(await judged(make(), { all: true, init: 'auto' }))).toMatch(refusals[name] ?? /^written$/)
})

/** A head is followed to the outputs, and its operands to where they are stored: what is long, doubled or goes in circles. */
const FOLLOWED = /behind a layer|in a row|readers|outputs of|transpositions|itself|rank|cycle|doubled|two ways|branch|each other/
test.each(Object.entries(extremes).filter(([name]) => FOLLOWED.test(name)))(
  '%s, with a new head',
  { timeout: 120_000 },
  async (_, make) => {
    expect(outcome(await judged(make(), { head: true, numClasses: 3, init: 'xavier_normal' }))).not.toMatch(/^WRONG/)
  },
)

test.each(Object.entries(extremes))('%s, to be shared', { timeout: 120_000 }, async (_, make) => {
  expect(outcome(await shared(make(), { rename: 'all' }))).not.toMatch(/^WRONG/)
})
