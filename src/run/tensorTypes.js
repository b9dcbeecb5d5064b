/**
 * Types of tensors that onnxruntime-node takes and gives, by its name for them: ONNX's name, NumPy's code in a .npy file ('' none), the
 * array that holds them.
 * @type {Readonly<Record<string, { dataType: string, npy: string, array: ArrayType | null }>>}
 * @typedef {Float32ArrayConstructor | Float64ArrayConstructor | Uint8ArrayConstructor | Int8ArrayConstructor | Uint16ArrayConstructor
 *   | Int16ArrayConstructor | Uint32ArrayConstructor | Int32ArrayConstructor | BigInt64ArrayConstructor | BigUint64ArrayConstructor} ArrayType
 */
export const tensorTypes = {
  float32: { dataType: 'FLOAT', npy: 'f4', array: Float32Array },
  float64: { dataType: 'DOUBLE', npy: 'f8', array: Float64Array },
  float16: { dataType: 'FLOAT16', npy: 'f2', array: Uint16Array },
  int8: { dataType: 'INT8', npy: 'i1', array: Int8Array },
  int16: { dataType: 'INT16', npy: 'i2', array: Int16Array },
  int32: { dataType: 'INT32', npy: 'i4', array: Int32Array },
  int64: { dataType: 'INT64', npy: 'i8', array: BigInt64Array },
  uint8: { dataType: 'UINT8', npy: 'u1', array: Uint8Array },
  uint16: { dataType: 'UINT16', npy: 'u2', array: Uint16Array },
  uint32: { dataType: 'UINT32', npy: 'u4', array: Uint32Array },
  uint64: { dataType: 'UINT64', npy: 'u8', array: BigUint64Array },
  bool: { dataType: 'BOOL', npy: 'b1', array: Uint8Array },
  string: { dataType: 'STRING', npy: '', array: null },
  // two to a byte; the binding aborts the process when it hands one back
  int4: { dataType: 'INT4', npy: '', array: Uint8Array },
  uint4: { dataType: 'UINT4', npy: '', array: Uint8Array },
}
