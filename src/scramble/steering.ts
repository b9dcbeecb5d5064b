// Which inputs of operators steer the graph: what stands there says where and how, and was not learned.

/** Shapes, axes, indices, bounds, factors of a size, windows of a transform, by domain:op_type. `null`: every input. Add an operator here. */
const inputs: Readonly<Record<string, readonly number[] | null>> = {
  'ai.onnx:Reshape': [1],
  'ai.onnx:Expand': [1],
  'ai.onnx:Tile': [1, 2],
  'ai.onnx:Slice': [1, 2, 3, 4],
  'ai.onnx:Split': [1],
  'ai.onnx:SplitToSequence': [1],
  'ai.onnx:Squeeze': [1],
  'ai.onnx:Unsqueeze': [1],
  'ai.onnx:Gather': [1],
  'ai.onnx:GatherElements': [1],
  'ai.onnx:GatherND': [1],
  'ai.onnx:ScatterElements': [1],
  'ai.onnx:Scatter': [1],
  'ai.onnx:ScatterND': [1],
  'ai.onnx:TopK': [1],
  'ai.onnx:OneHot': [0, 1, 2],
  'ai.onnx:Range': null,
  'ai.onnx:ConstantOfShape': null,
  'ai.onnx:Pad': [1, 2, 3],
  'ai.onnx:CenterCropPad': [1],
  'ai.onnx:Resize': [1, 2, 3],
  'ai.onnx:Upsample': [1],
  'ai.onnx:Clip': [1, 2],
  'ai.onnx:CumSum': [1],
  'ai.onnx:Trilu': [1],
  'ai.onnx:Dropout': [1, 2],
  'ai.onnx:RoiAlign': [2],
  'ai.onnx:MaxUnpool': [1, 2],
  'ai.onnx:NonMaxSuppression': [2, 3, 4],
  'ai.onnx:STFT': [1, 2, 3],
  'ai.onnx:DFT': [1, 2],
  'ai.onnx:MelWeightMatrix': null,
  'ai.onnx:HannWindow': null,
  'ai.onnx:HammingWindow': null,
  'ai.onnx:BlackmanWindow': null,
  'ai.onnx:AffineGrid': [1],
  'ai.onnx:Loop': [0, 1],
  'ai.onnx:If': [0],
  'ai.onnx:SequenceAt': [1],
  'ai.onnx:SequenceInsert': [2],
  'ai.onnx:ReverseSequence': [1],
  'ai.onnx:LSTM': [4],
  'ai.onnx:GRU': [4],
  'ai.onnx:RNN': [4],
  'com.microsoft:EmbedLayerNormalization': [0, 1, 7, 8],
  'com.microsoft:BeamSearch': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  'com.microsoft:GreedySearch': [1, 2, 3, 4, 5, 6],
  'com.microsoft:Sampling': [1, 2, 3, 4, 5, 6, 7, 8],
  'com.microsoft:MatMulNBits': [4],
  'com.microsoft:RotaryEmbedding': [1],
}

const isReduction = /^ai\.onnx:Reduce\w+$/

export const steers = (key: string, input: number): boolean =>
  (Object.hasOwn(inputs, key) && (inputs[key]?.includes(input) ?? true)) || (isReduction.test(key) && input === 1)

/** Inputs with the zero points of integers. */
const zeroPoints: Readonly<Record<string, readonly number[]>> = {
  'ai.onnx:QuantizeLinear': [2],
  'ai.onnx:DequantizeLinear': [2],
  'com.microsoft:QuantizeLinear': [2],
  'com.microsoft:DequantizeLinear': [2],
  'ai.onnx:QLinearConv': [2, 5, 7],
  'com.microsoft:QLinearConv': [2, 5, 7],
  'ai.onnx:QLinearMatMul': [2, 5, 7],
  'ai.onnx:MatMulInteger': [2, 3],
  'ai.onnx:ConvInteger': [2, 3],
  'com.microsoft:MatMulIntegerToFloat': [4, 5],
  'com.microsoft:DynamicQuantizeMatMul': [3],
  'com.microsoft:QGemm': [2, 5, 8],
  'com.microsoft:QAttention': [6, 7],
  'com.microsoft:DynamicQuantizeLSTM': [9, 11],
  'com.microsoft:MatMulNBits': [3],
  'com.microsoft:GatherBlockQuantized': [3],
  'com.microsoft:QLinearAdd': [2, 5, 7],
  'com.microsoft:QLinearMul': [2, 5, 7],
  'com.microsoft:QLinearConcat': [1, 4, 7, 10, 13, 16, 19, 22],
}

/** Of operators that take integers on both sides of a scale and are not listed, the inputs behind scales are. */
export const isZeroPoint = (key: string, input: number): boolean =>
  Object.hasOwn(zeroPoints, key)
    ? (zeroPoints[key]?.includes(input) ?? false)
    : key.startsWith('com.microsoft:QLinear') && (input === 2 || input === 4)

/** Where an operator has the zero point of integers behind their scale. */
export const isScale = (key: string, input: number): boolean => /Quantize|QLinear|QGemm/.test(key) && isZeroPoint(key, input + 1)
