// Hand-made reports for tests of formats and commands.
import type { InspectReport, ReinitReport, ReportChange, ReportParameter } from '../src/reports.js'

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
