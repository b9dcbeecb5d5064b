// What scramble, audit, strip and materialize say, and inspect of a head.
import { expect, test } from 'vitest'
import { formats } from '../src/report/formats.js'
import type { AnyReport, Look } from '../src/report/report.js'
import type { ReportHead, ScrambleReport, StripReport } from '../src/reports.js'
import { auditReport, head, inspectReport, materializeReport, scrambleReport, stripReport } from './reports.js'

const plain: Look = { columns: null, color: false, unicode: true, verbose: false }
const draw = async (report: AnyReport, verbose = false) => [...(await formats.text.load())(report, { ...plain, verbose })].join('')

test('audit', async () => {
  expect(await draw({ of: 'audit', report: auditReport })).toMatchInlineSnapshot(`
    "resnet18.onnx → shared.onnx  42 learned tensors, 11.7 M values

    ! 4 leaks:
      fc.weight  all values are as they were, byte 128 of w.data
      "" in If_0/then_branch  values 1 to 9, byte 77 of the model
      the model  means of 20 tensors
      "by \\"acme\\""  text of the input, byte 9 of the model

    3 tensors (67 values) stay, not learned:
      steers the graph  2 tensors, 3 values: shape, …
      a mask  1 tensor, 64 values: mask

      ✗ audit   what was learned survives: 1 equal, 1 run, 1 moments, 1 string; 42 tensors looked for in 46.8 MB of 2 files, 42 comparisons, 12 texts
    "
  `)
  expect(await draw({ of: 'audit', report: { ...auditReport, leaks: [], clean: true } }, true)).toMatchInlineSnapshot(`
    "resnet18.onnx → shared.onnx  42 learned tensors, 11.7 M values

    3 tensors (67 values) stay, not learned:
      shape  INT64 [2]: steers the graph
      axes in If_0/then_branch  INT64 [1]: steers the graph
      mask  FLOAT [64]: a mask

      ✓ audit   nothing that was learned is left: 42 tensors looked for in 46.8 MB of 2 files, 42 comparisons, 12 texts
    "
  `)
  const one = { ...auditReport, leaks: [], clean: true, stays: auditReport.stays.slice(2) }
  expect(await draw({ of: 'audit', report: one })).toMatch(
    /^1 tensor \(64 values\) stays, not learned:\n {2}a mask {2}1 tensor, 64 values: mask$/m,
  )
})

test('scramble', async () => {
  expect(await draw({ of: 'scramble', report: scrambleReport })).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB, opset 20, pytorch 2.15.0: 42 parameters in 21 layers

    redrawn: 2 tensors (513,000 values), 1 attribute (12 values), as auto chooses for each weight
    removed: doc strings (3), producer (1)
    renamed: values (40), nodes (21)

    3 constants (2.93 kB) stay as they are:
      steer the graph: shapes, axes, indices, ids  2, 2.42 kB; the largest axes (300 values, read by Reshape)
      one value or two: masks, constants  1, 512 bytes; the largest mask (64 values, read by Reshape)

      ✓ bytes    2,052,000 of 46,826,871 drawn anew; every other byte is the input's, or as planned
      ✓ values   mean, variance, shape and range as the formulas demand
      ✓ audit    nothing that was learned is left: 42 tensors looked for in 46.8 MB of 2 files, 42 comparisons, 12 texts
      ✓ runs     onnxruntime-node 1.30.0: x [1, 3, 224, 224] → y [1, 1000], finite, std 0.83
      ! scale    20 of 21 layers at the input's deviation, 2 passes
      ✓ spread   std of y 0.83 → 0.79

    wrote resnet18.scrambled.onnx (+ .data) in 0.3 s, seed 0
    "
  `)
  expect(await draw({ of: 'scramble', report: scrambleReport }, true)).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB, opset 20, pytorch 2.15.0: 42 parameters in 21 layers

      layer  parameter  shape        fan in → out   initializer            std: formula  drawn    before
      fc     fc.weight  [1000, 512]     512 → 1000  xavier_normal, gain 1       0.03637  0.03639  0.02552
      fc     fc.bias    [1000]                      zeros                       0        0        0.01471

    redrawn: 2 tensors (513,000 values), 1 attribute (12 values), as auto chooses for each weight
    removed: doc strings (3), producer (1)
    renamed: values (40), nodes (21)

    3 constants (2.93 kB) stay as they are:
      shape  steer the graph: shapes, axes, indices, ids; INT64 [2], 16 bytes, read by Reshape
      axes  steer the graph: shapes, axes, indices, ids; INT64 [300], 2.4 kB, read by Reshape
      mask  one value or two: masks, constants; INT64 [64], 512 bytes, read by Reshape

      parameter  test  statistic  limit  result
      fc.weight  mean  0.7659     5.64   passed

    1 attribute redrawn:
      label.coefficients  12 values

      ✓ bytes    2,052,000 of 46,826,871 drawn anew; every other byte is the input's, or as planned
      ✓ values   mean, variance, shape and range as the formulas demand
      ✓ audit    nothing that was learned is left: 42 tensors looked for in 46.8 MB of 2 files, 42 comparisons, 12 texts
      ✓ runs     onnxruntime-node 1.30.0: x [1, 3, 224, 224] → y [1, 1000], finite, std 0.83
      ! scale    20 of 21 layers at the input's deviation, 2 passes
      ✓ spread   std of y 0.83 → 0.79

    wrote resnet18.scrambled.onnx (+ .data) in 0.3 s, seed 0
    read 0.01 s, write 0.09 s, verify 0.08 s, run 0.1 s; onnx-reinit 1.0.0
    "
  `)
})

const spread = (count: number, ratio: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `y${i}`, before: 1, after: ratio, ratio }))
test.each<[string, Partial<ScrambleReport>, RegExp]>([
  [
    'leaks',
    { audit: auditReport },
    /✗ audit +what was learned survives: 1 equal, 1 run, 1 moments, 1 string; .*\n[^]*nothing written: what was learned survives/,
  ],
  ['no audit', { audit: null }, /- audit +not audited \(--no-audit\)/],
  ['a byte that differs', { bytes: { changed: 4, total: 9, identicalOutside: false } }, /✗ bytes +4 of 9 rewritten, but others differ too/],
  [
    'unit deviation',
    { calibration: { to: 'unit', passes: 1, met: 21, layers: 21, factors: [], message: null } },
    /✓ scale +21 of 21 layers at deviation 1, 1 pass$/m,
  ],
  [
    'no calibration',
    { calibration: { to: 'unit', passes: 0, met: 0, layers: 0, factors: [], message: 'no result' } },
    /! scale +not calibrated: no result/,
  ],
  [
    'outputs far from the input',
    { deviations: spread(4, 1e5) },
    /! spread +std of y0 1 → 100,000, y1 .*, y2 .*, 1 more: far from the input \(--calibrate\)/,
  ],
  ['nothing to compare', { deviations: [{ name: 'y', before: 0, after: 1, ratio: null }] }, /^(?![^]*spread)/],
  ['moments', { like: 'moments' }, /by each tensor's own mean and deviation/],
  [
    'a dry run',
    { output: null, bytes: { changed: 4, total: 9, identicalOutside: null }, audit: null, written: [] },
    /dry run: nothing written/,
  ],
  ['nothing but names', { changed: [], attributes: [], kept: [], dropped: {}, renamed: {} }, /redrawn: 0 tensors \(0 values\), as auto/],
])('scramble says: %s', async (_, report, expected) => {
  expect(await draw({ of: 'scramble', report: { ...scrambleReport, ...report } })).toMatch(expected)
})

test('strip', async () => {
  expect(await draw({ of: 'strip', report: stripReport })).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB → 51.2 kB: 40 tensors (11.7 M values) left out

    2 tensors (4.11 kB) hold new values, drawn, in the skeleton, of them:
      tree  4.1 kB; no recipe draws it

    1 tensor (16 bytes) are not learned and stay as they are.
    1 tensor is stored twice

      ✓ drawn    from the skeleton alone: 46,826,900 bytes
      ✓ sha256   c0ffee, as of the model scrambled
      ✓ audit    nothing that was learned is left: 42 tensors looked for in 46.8 MB of 2 files, 42 comparisons, 12 texts

    wrote resnet18.skeleton.onnx in 0.4 s, seed 0
    "
  `)
  expect(await draw({ of: 'strip', report: stripReport }, true)).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB → 51.2 kB: 40 tensors (11.7 M values) left out

    2 tensors (4.11 kB) hold new values, drawn, in the skeleton:
      tree  4.1 kB; no recipe draws it
      eps in If_0/then_branch  16 bytes; small

    1 tensor (16 bytes) are not learned and stay as they are:
      shape  16 bytes; read by Reshape

    1 tensor is stored twice

      ✓ drawn    from the skeleton alone: 46,826,900 bytes
      ✓ sha256   c0ffee, as of the model scrambled
      ✓ audit    nothing that was learned is left: 42 tensors looked for in 46.8 MB of 2 files, 42 comparisons, 12 texts

    wrote resnet18.skeleton.onnx in 0.4 s, seed 0
    "
  `)
})

test.each<[string, Partial<StripReport>, RegExp]>([
  ['leaks', { output: null, audit: auditReport }, /✗ audit [^]*\nnothing was kept, in 0\.4 s, seed 0$/m],
  [
    'no calibration',
    { calibration: { to: 'unit', passes: 0, met: 0, layers: 0, factors: [], message: 'no result' } },
    /^not calibrated: no result$/m,
  ],
])('strip says: %s', async (_, report, expected) => {
  expect(await draw({ of: 'strip', report: { ...stripReport, ...report } })).toMatch(expected)
})

test('materialize', async () => {
  expect(await draw({ of: 'materialize', report: materializeReport })).toMatchInlineSnapshot(`
    "resnet18.skeleton.onnx  a skeleton by onnx-reinit 0.9.0: 40 tensors drawn, seed 0

    made by an older version

      ✓ sha256   c0ffee of 46,826,900 bytes with its data inside, as the skeleton has it

    wrote resnet18.onnx (+ resnet18.onnx.data) in 0.4 s
    "
  `)
  const inline = { ...materializeReport, data: 'inline' as const, files: materializeReport.files.slice(1), notes: [] }
  expect(await draw({ of: 'materialize', report: inline })).toMatch(
    /46,826,900 bytes, as the skeleton has it\n\nwrote resnet18\.onnx in 0\.4 s$/m,
  )
})

test.each<[string, Partial<ReportHead>, RegExp]>([
  [
    'what changes',
    {},
    /^head: fc \(Gemm, 512 → 1000\): 1,000 classes\nbehind it: Softmax\n\nwith --num-classes these change:\n {2}fc\.weight {2}axis 0 of/m,
  ],
  ['what it becomes', { newClasses: 10 }, /: 1,000 → 10 classes$/m],
  [
    'why not',
    { classes: null, refused: "The number of classes can't change: so." },
    /^head: fc \(Gemm, 512 → 1000\)\n[^]*The number of classes can't change: so\.$/m,
  ],
  ['a kernel without a fan', { fanIn: null, fanOut: null }, /^head: fc \(Gemm\): 1,000 classes/m],
  ['much behind it', { behind: Array<string>(15).fill('Mul') }, /^behind it: (Mul, ){12}… 3 more$/m],
])('inspect says of a head: %s', async (_, facts, expected) => {
  expect(await draw({ of: 'inspect', report: { ...inspectReport, head: { ...head, ...facts } } })).toMatch(expected)
})
