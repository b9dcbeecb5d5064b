// What operators keep in attributes, by domain:op_type. Add an operator here.

/** Learned, whatever their number: thresholds, leaves, coefficients, support vectors, means. */
const learned: Readonly<Record<string, readonly string[]>> = {
  'ai.onnx.ml:TreeEnsembleClassifier': ['nodes_values', 'nodes_hitrates', 'class_weights', 'base_values'],
  'ai.onnx.ml:TreeEnsembleRegressor': ['nodes_values', 'nodes_hitrates', 'target_weights', 'base_values'],
  'ai.onnx.ml:TreeEnsemble': ['nodes_splits', 'nodes_hitrates', 'leaf_weights', 'membership_values'],
  'ai.onnx.ml:LinearClassifier': ['coefficients', 'intercepts'],
  'ai.onnx.ml:LinearRegressor': ['coefficients', 'intercepts'],
  'ai.onnx.ml:SVMClassifier': ['coefficients', 'prob_a', 'prob_b', 'rho', 'support_vectors'],
  'ai.onnx.ml:SVMRegressor': ['coefficients', 'rho', 'support_vectors'],
  'ai.onnx.ml:Scaler': ['offset', 'scale'],
  'ai.onnx.ml:Imputer': ['imputed_value_floats'],
  'ai.onnx:TfIdfVectorizer': ['weights'],
}

/** Tables of labels and settings of a kernel: they stay, whatever their number. */
const settings: Readonly<Record<string, readonly string[]>> = {
  'ai.onnx.ml:SVMClassifier': ['kernel_params'],
  'ai.onnx.ml:SVMRegressor': ['kernel_params'],
  'ai.onnx.ml:LabelEncoder': ['keys_floats', 'values_floats', 'keys_tensor', 'values_tensor', 'default_tensor', 'default_float'],
  'ai.onnx.ml:Binarizer': ['threshold'],
}

/** Attributes that come as a list or as a tensor (since opset 3 of ai.onnx.ml). */
const plain = (attribute: string) => attribute.replace(/_as_tensor$/, '')

const has = (table: Readonly<Record<string, readonly string[]>>, key: string, attribute: string) =>
  Object.hasOwn(table, key) && (table[key]?.includes(plain(attribute)) ?? false)

export const isLearned = (key: string, attribute: string): boolean => has(learned, key, attribute)
/** Operators of the domain whose floats are what they learned, those that are not known here too; of a single one the table says it. */
export const isTraditional = (key: string): boolean => key.startsWith('ai.onnx.ml:')
export const isSetting = (key: string, attribute: string): boolean => has(settings, key, attribute)

/** Operators whose lists of integers and strings are what an operator looks up: trees' structure, vocabularies, names of classes. */
export const keepsTables = (key: string): boolean => isTraditional(key) || key === 'ai.onnx:TfIdfVectorizer'

/** Nodes that hold a compiled model, weights included, which nothing can redraw. */
const engines: readonly RegExp[] = [
  /^com\.microsoft:EPContext$/,
  /^(com\.nvidia|trt\.?\w*)[.:]/i,
  /:(TRTEngineOp|TensorRTEngine\w*|TrtEngine\w*|XLAEngine|CoreMLBlob)$/,
]

export const isEngine = (key: string): boolean => engines.some((pattern) => pattern.test(key))

/** Text of an attribute that is longer holds a blob: equations, formats and names are short. */
export const MAX_TEXT = 1 << 16

/** Characters of bytes that are no text: fewer hold less than a run of numbers. */
const LEAST_BLOB = 16

/** Whether what an attribute has as text is bytes: zeros, or many that no text has (those of no character are read as U+FFFD). */
export function isBlob(text: string): boolean {
  if (text.length < LEAST_BLOB) return false
  let odd = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0) return true
    if ((code < 32 && (code < 9 || code > 13)) || code === 127 || code === 0xfffd) odd++
  }
  return odd > text.length / 8
}
