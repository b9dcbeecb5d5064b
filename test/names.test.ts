// Names as exporters and optimizers leave them, and what is found in them.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Containers } from '../src/names/containers.js'
import { pythonList } from '../src/names/pythonList.js'
import { isCounter, modulePath, splitParameter, unwrapped, wrappings } from '../src/names/schemes.js'
import { calledPath } from '../src/names/scopeOf.js'

/** A tensor's name, the layer that it tells, and what the tensor is called there. */
const parameters: readonly (readonly [name: string, module: string, leaf: string])[] = [
  ['fc.weight', 'fc', 'weight'],
  ['encoder.layer.0.attention.self.query.bias', 'encoder.layer.0.attention.self.query', 'bias'],
  ['conv2d_25.w_0', 'conv2d_25', 'w_0'],
  ['conv1.weight_bias', 'conv1', 'weight'],
  ['If_0_then_branch__Inline_0__decoder.fc.weight', 'decoder.fc', 'weight'],
  ['conv.parametrizations.weight.original1', 'conv', 'weight'],
  ['ConvBnFusion_W_layer1.0.conv1.weight', 'layer1.0.conv1', 'weight'],
  ['ConvMulFusion_W_c.weight', 'c', 'weight'],
  ['ConvAddFusion_B_c.bias', 'c', 'bias'],
  ['MatMulBnFusion_GemmB_fc.weight', 'fc', 'weight'],
  ['MatMulBnFusion_GemmB_/net/net.0/Transpose_output_0', 'net.0', 'weight'],
  ['fc.weight_quantized', 'fc', 'weight'],
  ['fc.weight_zero_point', 'fc', 'weight'],
  ['fc.weight_DequantizeLinear_Output', 'fc', 'weight'],
  ['fc.weight_Transposed_quantized', 'fc', 'weight_Transposed'],
  ['fc.weight_Q4', 'fc', 'weight'],
  ['fc.weight_Q4G32_scales', 'fc', 'weight'],
  ['fc.weight_DQ_Q4', 'fc', 'weight'],
  ['fc.weight_DQ_Q4_scales', 'fc', 'weight'],
  ['fc.weight_Q8_zero_points', 'fc', 'weight'],
  ['fc.weight_scale_token_12', 'fc', 'weight'],
  ['fc.weight_transposed', 'fc', 'weight'],
  ['/layers.0/fc/Transpose_output_0', 'layers.0.fc', 'weight'],
  ['/h.0/attn/c_attn/MatMul_output_0_weight', 'h.0.attn.c_attn', 'weight'],
  ['dense/kernel/Read/ReadVariableOp:0', 'dense', 'kernel'],
  ['StatefulPartitionedCall/model/dense/MatMul/ReadVariableOp:0', 'model/dense', '.'],
  ['StatefulPartitionedCall/model/dense/BiasAdd/ReadVariableOp_2:0', 'model/dense', '.'],
  ['model/block_9_project/convolution/merged_input:0', 'model/block_9_project', '.'],
  ['model/bn/batchnorm/mul:0', 'model/bn', '.'],
  ['model/dense/bias/resource:0', 'model/dense', 'bias'],
  ['model/up/conv2d_transpose/ReadVariableOp:0', 'model/up', '.'],
  ['model/emb/embeddings:0_resize', 'model/emb', 'embeddings'],
  ['model/re_lu/Relu;model/bn/FusedBatchNormV3;model/conv/Conv2D', 'model/re_lu', 'Relu'],
]

test.each(parameters)('%s is in %s', (name, module, leaf) => {
  expect(splitParameter(name)).toEqual({ module, leaf })
})

/** Counters, and names without a path. */
const nameless = [
  'onnx::MatMul_48',
  'onnx::Conv_46_quantized',
  'onnx::MatMul_11_Q4',
  'val_19',
  'val_7_DQ_Q4',
  'const_0',
  '_v_39',
  '46',
  '12.5',
  'W',
  'gamma',
  'ConvBnFusion_BN_B_bn1.bias',
  '/cell/Constant_output_0',
  'Const_4:0',
  'model/Const',
  '',
  '__proto__',
  "it's.odd",
]
test.each(nameless)('%j says nothing', (name) => {
  expect(splitParameter(name)).toBeNull()
})

test('counters are told from names', () => {
  for (const name of ['onnx::Gemm_7', 'val_3', 'val_3_scale', 'const_fold_opt__50', '/a/Constant_output_0'])
    expect(isCounter(name), name).toBe(true)
  for (const name of ['pos_embed', 'fc.weight', 'valuable', 'value_1x']) expect(isCounter(name), name).toBe(false)
})

describe('contract', () => {
  const known = [...parameters.map(([name]) => name), ...nameless]
  test.each(wrappings)('$of, $pattern, is in the table above', ({ pattern }) => {
    const seen = known.flatMap((name) => [name, ...steps(name)])
    expect(seen.some((name) => pattern.test(name))).toBe(true)
  })
  /** A name while it is unwrapped. */
  function steps(name: string): string[] {
    for (const { pattern, name: kept } of wrappings)
      if (pattern.test(name)) return [name.replace(pattern, kept), ...steps(name.replace(pattern, kept))]
    return []
  }

  test('unwrapping ends, and what is unwrapped stays', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60 }),
          fc
            .array(
              fc.constantFrom(
                'fc',
                '.',
                '/',
                '_',
                'weight',
                'quantized',
                'scale',
                'ReadVariableOp',
                ':0',
                '_output_0',
                'Transpose',
                'token_1',
                ';',
              ),
              { maxLength: 14 },
            )
            .map((p) => p.join('')),
        ),
        (name) => {
          expect(unwrapped(unwrapped(name))).toBe(unwrapped(name))
        },
      ),
    )
  })

  test('a name of 10,000 characters is looked at in no time', () => {
    for (const name of [
      'a.'.repeat(5000),
      '/a'.repeat(5000),
      'a_quantized'.repeat(900),
      'x'.repeat(10_000),
      ';'.repeat(10_000),
      '_output_0'.repeat(1100),
    ]) {
      splitParameter(name)
      isCounter(name)
      calledPath(name)
    }
  })
})

// ---- paths ----

test.each([
  [['fc1'], 'fc1'],
  [['stages', 'stages.0', 'blocks', 'blocks.0', 'mlp', 'fc1'], 'stages.0.blocks.0.mlp.fc1'],
  [['encoder', 'layer.0', 'attention'], 'encoder.layer.0.attention'],
  [['net', 'net.1', 'net.1.0'], 'net.1.0'],
  [['conv', 'conv1', 'conv'], 'conv.conv1.conv'],
] as const)('%j is %s', (segments, path) => {
  expect(modulePath(segments)).toBe(path)
})

test.each([
  ['/layer4/layer4.1/conv2/Conv', 'layer4.1.conv2'],
  ['/rnn/LSTM_1', 'rnn'],
  ['fused /conv1/Conv', 'conv1'],
  ['/fc/MatMul/MatMulAddFusion', 'fc'],
  ['/fc/MatMul/MatMulAddFusion_quant', 'fc'],
  ['/fc/MatMul_3/MatmulTransposeFusion/', 'fc'],
  ['/body/lin/Add_output_0', 'body.lin'],
  ['/MatMul', null],
  ['/MatMul_3/MatmulTransposeFusion/', null],
  ['node_linear', null],
  ['', null],
] as const)('the node %j was called through %s', (name, path) => {
  expect(calledPath(name)).toBe(path)
})

describe('containers that a trace leaves out', () => {
  const learned = (...pairs: readonly (readonly [trace: string, module: string])[]) => {
    const containers = new Containers()
    for (const [trace, module] of pairs) containers.learn(trace, module)
    return containers
  }

  test('are known from what kept its name', () => {
    const containers = learned(['h.0.ln_1', 'transformer.h.0.ln_1'], ['h.0.mlp.c_fc', 'transformer.h.0.mlp.c_fc'])
    expect(containers.complete('h.0.attn.c_attn')).toBe('transformer.h.0.attn.c_attn')
    expect(containers.complete('h.0.mlp.c_proj')).toBe('transformer.h.0.mlp.c_proj')
    expect(containers.complete('lm_head')).toBe('lm_head')
  })
  test('may be in the middle', () => {
    expect(learned(['decoder.norm', 'model.decoder.blocks.norm']).complete('decoder.norm')).toBe('model.decoder.blocks.norm')
  })
  test('are left out where two parameters disagree', () => {
    expect(learned(['fc', 'a.fc'], ['fc', 'b.fc']).complete('fc')).toBe('fc')
  })
  test('a whole path stays', () => {
    expect(learned(['a.b', 'a.b'], ['b', 'x.b']).complete('a.b')).toBe('a.b')
  })
  test('a merged tensor of another module teaches nothing', () => {
    expect(learned(['layers.0.norm', 'layers.5.norm']).complete('layers.0.norm')).toBe('layers.0.norm')
  })
  test('a second call is the same module, unless a module is called so', () => {
    expect(learned(['encoder.fc_1', 'encoder.fc']).complete('encoder.fc_1')).toBe('encoder.fc')
    expect(learned(['conv_1', 'conv'], ['conv_1', 'conv_1']).complete('conv_1')).toBe('conv_1')
  })
})

// ---- metadata ----

test.each([
  [`['', 'fc', 'linear_1']`, ['', 'fc', 'linear_1']],
  [`["it's", 'a"b', 'c\\'d', "e\\"f"]`, ["it's", 'a"b', "c'd", 'e"f']],
  [`['a, b', ']', '[', '\\\\']`, ['a, b', ']', '[', '\\']],
  [`['\\n', '\\x41', '\\u00e9']`, ['\n', 'A', 'é']],
  ['[]', []],
  [` [ 'a' , 'b' ] `, ['a', 'b']],
  [`'a'`, null],
  [`['a'`, null],
  [`['a' 'b']`, null],
  [`[a]`, null],
  ['', null],
] as const)('the Python list %s', (text, items) => {
  expect(pythonList(text)).toEqual(items)
})

test('any list comes back from Python text', () => {
  const literal = (s: string) => `'${s.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', ' ', "'", '"', '\\', ',', ']', '[', '\n', 'é') })), (items) => {
      expect(pythonList(`[${items.map(literal).join(', ')}]`)).toEqual(items)
    }),
  )
})
