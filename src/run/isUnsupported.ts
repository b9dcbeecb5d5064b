/** What onnxruntime says of a model that is not wrong, but beyond it. */
const patterns: Readonly<Record<string, RegExp>> = {
  'IR version': /Unsupported model IR version/,
  opset: /is under development and support for this is limited/,
  kernel: /Could not find an implementation|Failed to find kernel|NOT_IMPLEMENTED/,
  operator: /is not a registered function\/op|No Op registered for|No opset import for domain/,
  // the binding's, for bfloat16, float8 and complex inputs and outputs
  'data type': /^Unsupported data type: \d+$/,
}

export const isUnsupported = (message: string) => Object.values(patterns).some((pattern) => pattern.test(message))
