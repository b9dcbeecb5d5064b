// Hand-made reports for tests of formats and commands.
import type {
  AuditReport,
  DiffReport,
  InspectReport,
  MaterializeReport,
  ReinitReport,
  ReportChange,
  ReportHead,
  ReportKept,
  ReportParameter,
  ScrambleReport,
  StripReport,
} from '../src/reports.js'

const model: InspectReport['model'] = {
  path: 'resnet18.onnx',
  byteLength: 89_303,
  irVersion: 10,
  opsets: { 'ai.onnx': 20 },
  producer: 'pytorch 2.15.0',
  externalFiles: [{ location: 'resnet18.onnx.data', byteLength: 46_737_568 }],
}

export const weightChange: ReportChange = {
  name: 'fc.weight',
  layer: 'fc',
  scope: '',
  role: 'weight',
  dataType: 'FLOAT',
  shape: [1000, 512],
  fanIn: 512,
  fanOut: 1000,
  initializer: 'xavier_normal',
  gain: 1,
  parameters: { gain: 1 },
  expected: { mean: 0, std: 0.0363696483726654, min: null, max: null },
  before: { mean: 0.0003353, std: 0.025517, min: -0.044, max: 0.044 },
  after: { mean: -3.893e-5, std: 0.036392, min: -0.17, max: 0.18 },
  sha256: '00',
  checks: [{ name: 'mean', passed: true, statistic: 0.7659, limit: 5.64 }],
}

export const biasChange: ReportChange = {
  ...weightChange,
  name: 'fc.bias',
  role: 'bias',
  shape: [1000],
  fanIn: null,
  fanOut: null,
  initializer: 'zeros',
  gain: null,
  parameters: {},
  expected: { mean: 0, std: 0, min: 0, max: 0 },
  before: { mean: 0, std: 0.01471, min: -0.04, max: 0.04 },
  after: { mean: 0, std: 0, min: 0, max: 0 },
  checks: [],
}

export const reinitReport: ReinitReport = {
  schema: 1,
  tool: 'onnx-reinit 1.0.0',
  input: 'resnet18.onnx',
  output: 'resnet18.reinit.onnx',
  model: { ...model, parameterCount: 42, layerCount: 21 },
  seed: '0',
  rng: 'philox',
  recipe: {},
  changed: [weightChange, biasChange],
  skipped: [],
  kept: [],
  notes: [],
  bytes: { changed: 2_052_000, total: 46_826_871, identicalOutside: true },
  run: {
    status: 'passed',
    runtime: 'onnxruntime-node 1.30.0',
    inputs: [{ name: 'x', dataType: 'FLOAT', shape: [1, 3, 224, 224] }],
    outputs: [{ name: 'y', dataType: 'FLOAT', shape: [1, 1000], finite: true, mean: 0, std: 0.83, min: -3, max: 3 }],
  },
  written: ['resnet18.reinit.onnx.data', 'resnet18.reinit.onnx'],
  milliseconds: { read: 10, write: 90, verify: 80, run: 120 },
}

/** What --dry-run gives. */
export const dryReport: ReinitReport = {
  ...reinitReport,
  output: null,
  changed: reinitReport.changed.map((change) => ({ ...change, after: null, sha256: null, checks: [] })),
  bytes: { ...reinitReport.bytes, identicalOutside: null },
  run: { status: 'disabled', runtime: null, inputs: [], outputs: [] },
  written: [],
}

const weight: ReportParameter = {
  name: 'fc.weight',
  layer: 'fc',
  scope: '',
  role: 'weight',
  owner: 'initializer',
  storage: 'external_data',
  dataType: 'FLOAT',
  shape: [1000, 512],
  elementCount: 512_000,
  fanIn: 512,
  fanOut: 1000,
  activation: null,
  uses: [
    { node: 'node_linear', opType: 'Gemm', domain: 'ai.onnx', input: 1, layer: 'fc', layout: ['out', 'in'], fanIn: 512, fanOut: 1000 },
  ],
  shared: false,
  selected: true,
}

export const inspectReport: InspectReport = {
  schema: 1,
  tool: 'onnx-reinit 1.0.0',
  model,
  parameters: [
    {
      ...weight,
      name: 'conv1.weight',
      layer: 'conv1',
      shape: [64, 3, 7, 7],
      elementCount: 9408,
      fanIn: 147,
      fanOut: 3136,
      activation: 'relu',
    },
    weight,
    { ...weight, name: 'fc.bias', role: 'bias', shape: [1000], elementCount: 1000, fanIn: null, fanOut: null },
  ],
  skipped: [{ name: 'window', reason: 'no-weight-slot', detail: 'read by Mul: not a known parameter', elementCount: 400 }],
  notes: [],
}

export const head: ReportHead = {
  layers: ['fc'],
  opTypes: ['Gemm'],
  fanIn: 512,
  fanOut: 1000,
  classes: 1000,
  newClasses: null,
  behind: ['Softmax'],
  changes: [{ name: 'fc.weight', what: 'axis 0 of [1000, 512], 1000' }],
  refused: null,
}

export const diffReport: DiffReport = {
  schema: 1,
  tool: 'onnx-reinit 1.0.0',
  before: 'a.onnx',
  after: 'b.onnx',
  only: null,
  changed: [
    {
      name: 'fc.weight',
      layer: 'fc',
      scope: '',
      what: 'values',
      outsideOnly: true,
      dataType: 'FLOAT',
      shape: [1000, 512],
      elementCount: 512_000,
      differing: 511_999,
      maxDifference: 0.2055,
      before: { mean: 0.0003353, std: 0.02581, min: -0.04, max: 0.04 },
      after: { mean: -3.893e-5, std: 0.03637, min: -0.17, max: 0.18 },
    },
  ],
  added: ['extra'],
  removed: [],
  moved: [
    { name: 'fc.bias', before: 'raw_data', after: 'b.onnx.data from byte 0' },
    { name: 'c', before: 'raw_data', after: 'b.onnx.data from byte 4' },
  ],
  restEqual: true,
  rest: null,
  tensorCount: 44,
  outside: 2,
  equal: false,
}

export const auditReport: AuditReport = {
  schema: 1,
  tool: 'onnx-reinit 1.0.0',
  before: 'resnet18.onnx',
  after: 'shared.onnx',
  clean: false,
  leaks: [
    { kind: 'equal', name: 'fc.weight', scope: '', what: 'all values are as they were', file: 'w.data', byte: 128, elementCount: 512_000 },
    { kind: 'run', name: '', scope: 'If_0/then_branch', what: 'values 1 to 9', file: '', byte: 77, elementCount: 9 },
    { kind: 'moments', name: '', scope: '', what: 'means of 20 tensors', file: null, byte: null, elementCount: 40 },
    { kind: 'string', name: 'by "acme"', scope: '', what: 'text of the input', file: '', byte: 9, elementCount: 9 },
  ],
  stays: [
    { name: 'shape', scope: '', dataType: 'INT64', shape: [2], elementCount: 2, reason: 'steers the graph' },
    { name: 'axes', scope: 'If_0/then_branch', dataType: 'INT64', shape: [1], elementCount: 1, reason: 'steers the graph' },
    { name: 'mask', scope: '', dataType: 'FLOAT', shape: [64], elementCount: 64, reason: 'a mask' },
  ],
  judged: { tensors: 42, elements: 11_689_512 },
  searched: { files: 2, bytes: 46_826_871, strings: 12, bits: 74, comparisons: 42 },
}

const kept = (name: string, reason: string, elementCount: number, byteLength: number): ReportKept => ({
  name,
  scope: '',
  what: 'tensor',
  dataType: 'INT64',
  reason,
  detail: 'read by Reshape',
  elementCount,
  byteLength,
})

export const scrambleReport: ScrambleReport = {
  ...reinitReport,
  output: 'resnet18.scrambled.onnx',
  like: 'auto',
  rename: 'inner',
  attributes: [{ name: 'label.coefficients', elementCount: 12 }],
  kept: [kept('shape', 'steers', 2, 16), kept('axes', 'steers', 300, 2400), kept('mask', 'mask', 64, 512)],
  dropped: { 'doc strings': 3, producer: 1 },
  renamed: { values: 40, nodes: 21 },
  calibration: { to: 'original', passes: 2, met: 20, layers: 21, factors: [], message: null },
  audit: { ...auditReport, clean: true, leaks: [] },
  deviations: [{ name: 'y', before: 0.83, after: 0.79, ratio: 0.95 }],
  written: ['resnet18.scrambled.onnx.data', 'resnet18.scrambled.onnx'],
}

export const stripReport: StripReport = {
  schema: 1,
  tool: 'onnx-reinit 1.0.0',
  input: 'resnet18.onnx',
  output: 'resnet18.skeleton.onnx',
  seed: '0',
  inputByteLength: 46_826_871,
  byteLength: 51_204,
  materialized: { byteLength: 46_826_900, sha256: 'c0ffee' },
  leftOut: { tensors: 40, elementCount: 11_689_000 },
  drawn: [
    { name: 'tree', scope: '', reason: 'no recipe draws it', byteLength: 4096 },
    { name: 'eps', scope: 'If_0/then_branch', reason: 'small', byteLength: 16 },
  ],
  kept: [kept('shape', 'steers', 2, 16)],
  dropped: {},
  renamed: {},
  calibration: null,
  audit: { ...auditReport, clean: true, leaks: [] },
  notes: ['1 tensor is stored twice'],
  written: ['resnet18.skeleton.onnx'],
  milliseconds: 420,
}

export const materializeReport: MaterializeReport = {
  schema: 1,
  tool: 'onnx-reinit 1.0.0',
  input: 'resnet18.skeleton.onnx',
  output: 'resnet18.onnx',
  seed: '0',
  by: 'onnx-reinit 0.9.0',
  tensors: 40,
  byteLength: 46_826_900,
  sha256: 'c0ffee',
  data: 'external',
  files: [
    { name: 'resnet18.onnx.data', byteLength: 46_737_568 },
    { name: 'resnet18.onnx', byteLength: 89_332 },
  ],
  notes: ['made by an older version'],
  written: ['resnet18.onnx.data', 'resnet18.onnx'],
  milliseconds: 420,
}

/** One of each command. */
export const allReports = {
  reinit: reinitReport,
  inspect: { ...inspectReport, head },
  diff: diffReport,
  audit: auditReport,
  scramble: scrambleReport,
  strip: stripReport,
  materialize: materializeReport,
} as const
