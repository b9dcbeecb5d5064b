/**
 * What exporters and optimizers put around a parameter's name: the first that fits is taken off, again and again. Add a scheme here.
 * Each keeps the module path and the parameter's own name, `conv1.weight`.
 */
export const wrappings: readonly { readonly of: string; readonly pattern: RegExp; readonly name: string }[] = [
  // the bias that a convolution gets from the norm behind it: the norm's name says nothing
  { of: 'onnxruntime, BN folding', pattern: /^ConvBnFusion_BN_B_.*$/s, name: '' },
  { of: 'onnxruntime, BN folding', pattern: /^(?:Conv|MatMul)BnFusion_(?:Gemm)?[WB]_(.+)$/s, name: '$1' },
  { of: 'onnxruntime, Mul and Add folding', pattern: /^Conv(?:Mul|Add)Fusion_[WB]_(.+)$/s, name: '$1' },
  {
    of: 'onnxruntime, quantization',
    pattern: /^(.+?)_(?:quantized|scale|zero_point|DequantizeLinear_Output|QuantizeLinear_Input)(?:_token_\d+)?$/s,
    name: '$1',
  },
  {
    of: 'onnxruntime, 4-bit',
    pattern: /^(.+?)_(?:(?:DQ_)?Q\d+(?:G\d+)?(?:_scales?|_zero_points?)?|scales?|zero_points?|qzeros)$/s,
    name: '$1',
  },
  { of: 'onnxruntime, folded constants', pattern: /^(.+)_(?:token_\d+|transposed|fused|fp16)$/s, name: '$1' },
  {
    of: 'onnxruntime, a path on the way',
    pattern: /^\/?(.+)\/(?:Transpose|Cast|Identity|Unsqueeze|Reshape)(?:_\d+)?_output_\d+$/s,
    name: '/$1/',
  },
  { of: 'onnxslim, MatMul and Add joined', pattern: /^\/?(.+)\/MatMul(?:_\d+)?_output_\d+_(?:weight|bias)$/s, name: '/$1/' },
  { of: 'torch dynamo, BN folding', pattern: /^(.+\.weight)_bias$/s, name: '$1' },
  { of: 'onnx inliner, functions and branches', pattern: /^(?:\w+_(?:then|else)_branch__)?Inline_\d+__(.+)$/s, name: '$1' },
  { of: 'torch parametrizations', pattern: /^(.+)\.parametrizations\.([^.]+)\.original\d*$/s, name: '$1.$2' },
  { of: 'TensorFlow Lite, merged names', pattern: /^([^;]+);.+$/s, name: '$1' },
  { of: 'TensorFlow, tf2onnx', pattern: /^(.+\/.+?)(?:\/resource)?(?::\d+)?_resize$/s, name: '$1' },
  { of: 'TensorFlow', pattern: /^(.+\/.+)\/resource(?::\d+)?$/s, name: '$1' },
  { of: 'TensorFlow', pattern: /^(?:StatefulPartitionedCall|PartitionedCall)\/(.+)$/s, name: '$1' },
  { of: 'TensorFlow', pattern: /^([^/]+\/.+?)(?:\/Read)?\/ReadVariableOp(?:_\d+)?(?::\d+)?$/s, name: '$1' },
  {
    of: 'TensorFlow',
    pattern:
      /^(.+\/.+)\/(?:MatMul|BiasAdd|Conv\dD|convolution|conv\w*_transpose|Tensordot|einsum|depthwise|separable_conv\dd|batchnorm|batch_normalization\/batchnorm)(?:\/.*)?$/s,
    name: '$1/.',
  },
]

/** Paths of modules have dozens of characters; a longer name is none, and is not looked at: patterns can take the square of its length. */
export const MAX_PATH = 1024

/** What no pattern fits: nothing is put around a name with less than this. */
const PLAIN = /^[a-zA-Z\d.]*$/

/** A name without what was put around it. */
export function unwrapped(name: string): string {
  if (name.length > MAX_PATH || (PLAIN.test(name) && !name.includes('.parametrizations.'))) return name
  for (const { pattern, name: kept } of wrappings) if (pattern.test(name)) return unwrapped(name.replace(pattern, kept))
  return name
}

/** Whether a name is a value's on a path of calls, which leaves out containers as nodes' names do. */
export const isCalledPath = (name: string): boolean => name.length <= MAX_PATH && unwrapped(name).startsWith('/')

/** Names that say nothing: counters of an exporter. */
const COUNTER = /^(?:onnx::\w+_\d+|val_\d+|const_?\w*_\d+|_v_\d+|[\d.]+|.*_output_\d+|(?:.*\/)?Const(?:_\d+)?(?::\d+)?)$/s
export const isCounter = (name: string): boolean => name.length <= MAX_PATH && COUNTER.test(unwrapped(name))

/** The module path and own name of a parameter by its (unwrapped) name; null where the name is no path. */
export function splitParameter(name: string): { readonly module: string; readonly leaf: string } | null {
  const bare = unwrapped(name)
  if (bare.length > MAX_PATH) return null
  if (COUNTER.test(bare)) return null
  const path = /^\/(.+)\/$/s.exec(bare)?.[1]
  if (path !== undefined) return { module: modulePath(path.split('/')), leaf: 'weight' }
  const [, module, leaf] = /^(.+)[./]([^./]+|\.)$/s.exec(bare) ?? []
  if (module === undefined || leaf === undefined || /[^\w\-./:]/.test(bare)) return null
  return { module, leaf }
}

/** A container repeats its path in front of its children's: `stages`, `stages.0`, `blocks`, `blocks.1` is stages.0.blocks.1. */
export function modulePath(segments: readonly string[]): string {
  const path: string[] = []
  for (const segment of segments) {
    const last = path.at(-1)
    if (last !== undefined && segment.startsWith(`${last}.`)) path.pop()
    path.push(segment)
  }
  return path.join('.')
}
