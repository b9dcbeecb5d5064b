import type { Rule } from './classAxis.js'
import { featureExtractor, gather, labelEncoder, shape, sized, topK, zipMap } from './classPicks.js'
import { concat, expand, flatten, reshape, slice, split, squeeze, transpose, unsqueeze } from './classShapes.js'
import { argument, calibrated, elementwise, layerNorm, normalization, reduce, same, spatial } from './classValues.js'

const rules = (names: string, rule: Rule, domain = 'ai.onnx'): Record<string, Rule> =>
  Object.fromEntries(names.split(' ').map((name) => [`${domain}:${name}`, rule]))

/** Operators behind a head: where the class axis goes, and what of them carries the number of classes. Add one here. */
export const behindHead: Readonly<Record<string, Rule>> = {
  ...rules(
    'Relu Sigmoid Softmax LogSoftmax Hardmax Softplus Softsign Tanh Exp Log Neg Abs Sqrt Reciprocal Clip LeakyRelu Elu Selu Celu',
    same,
  ),
  ...rules(
    'Gelu HardSigmoid HardSwish Mish Erf Floor Ceil Round Sign Not ThresholdedRelu Identity Cast CastLike Dropout IsNaN Sin Cos',
    same,
  ),
  ...rules('LpNormalization Trilu CumSum', same),
  ...rules('QuickGelu FastGelu Gelu', same, 'com.microsoft'),
  ...rules('QuantizeLinear DequantizeLinear DynamicQuantizeLinear', calibrated),
  ...rules('QuantizeLinear DequantizeLinear QLinearSigmoid QLinearLeakyRelu QLinearSoftmax', calibrated, 'com.microsoft'),
  'com.microsoft:QLinearAdd': elementwise('zeros', [0, 3]),
  'com.microsoft:QLinearMul': elementwise('ones', [0, 3]),
  'com.microsoft:QLinearGlobalAveragePool': spatial(true),
  'com.microsoft:QLinearAveragePool': spatial(false),
  ...rules('Add Sub Sum Max Min Mean', elementwise('zeros')),
  ...rules('Mul Div Pow', elementwise('ones')),
  ...rules('Equal Greater Less GreaterOrEqual LessOrEqual And Or Where Mod', elementwise(null)),
  'ai.onnx:PRelu': elementwise('slope'),
  ...rules('ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceLogSum ReduceSumSquare', reduce),
  ...rules('ArgMax ArgMin', argument),
  ...rules('BatchNormalization', normalization),
  ...rules('LayerNormalization', layerNorm),
  ...rules('GlobalAveragePool GlobalMaxPool', spatial(true)),
  ...rules('AveragePool MaxPool LpPool', spatial(false)),
  'ai.onnx:Transpose': transpose,
  'ai.onnx:Flatten': flatten,
  'ai.onnx:Reshape': reshape,
  'ai.onnx:Squeeze': squeeze,
  'ai.onnx:Unsqueeze': unsqueeze,
  'ai.onnx:Expand': expand,
  'ai.onnx:Concat': concat,
  'ai.onnx:Slice': slice,
  'ai.onnx:Split': split,
  'ai.onnx:Gather': gather,
  'ai.onnx:TopK': topK,
  ...rules('Shape Size', shape),
  ...rules('ConstantOfShape Range Tile OneHot', sized),
  'ai.onnx.ml:ZipMap': zipMap,
  'ai.onnx.ml:ArrayFeatureExtractor': featureExtractor,
  'ai.onnx.ml:LabelEncoder': labelEncoder,
  'ai.onnx.ml:Normalizer': same,
}
