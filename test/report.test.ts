import { expect, test } from 'vitest'
import { escapeControls } from '../src/report/escapeControls.js'
import { formats } from '../src/report/formats.js'
import type { AnyReport, Look } from '../src/report/report.js'
import { bytes, count, number, seconds, values } from '../src/report/numbers.js'
import { shorten, width } from '../src/report/width.js'
import type { DiffReport, ReinitReport } from '../src/reports.js'
import { allReports, biasChange, diffReport, dryReport, inspectReport, reinitReport, weightChange } from './reports.js'

const plain: Look = { columns: null, color: false, unicode: true, verbose: false }
const draw = async (format: keyof typeof formats, report: AnyReport, look: Partial<Look> = {}) =>
  [...(await formats[format].load())(report, { ...plain, ...look })].join('')
const reinit = (report: Partial<ReinitReport> = {}, look: Partial<Look> = {}) =>
  draw('text', { of: 'reinit', report: { ...reinitReport, ...report } }, look)

test('the report of the main job', async () => {
  expect(await reinit()).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB, opset 20, pytorch 2.15.0: 42 parameters in 21 layers, 2 selected

      layer  parameter  shape        fan in → out   initializer            std: formula  drawn    before
      fc     fc.weight  [1000, 512]     512 → 1000  xavier_normal, gain 1       0.03637  0.03639  0.02552
      fc     fc.bias    [1000]                      zeros                       0        0        0.01471

      ✓ bytes    2,052,000 of 46,826,871 rewritten; every other byte is as it was
      ✓ values   mean, variance, shape and range as the formulas demand
      ✓ runs     onnxruntime-node 1.30.0: x [1, 3, 224, 224] → y [1, 1000], finite, std 0.83

    wrote resnet18.reinit.onnx (+ .data) in 0.3 s, seed 0
    "
  `)
})

test('what --dry-run says', async () => {
  expect(await draw('text', { of: 'reinit', report: dryReport })).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB, opset 20, pytorch 2.15.0: 42 parameters in 21 layers, 2 selected

      layer  parameter  shape        fan in → out   initializer            std: formula  before
      fc     fc.weight  [1000, 512]     512 → 1000  xavier_normal, gain 1       0.03637  0.02552
      fc     fc.bias    [1000]                      zeros                       0        0.01471

    dry run: nothing written; 2,052,000 of 46,826,871 bytes (2.05 MB) would be rewritten, seed 0
    "
  `)
})

test('where UTF-8 can not be shown', async () => {
  const text = await reinit({}, { unicode: false })
  expect(text).toMatch(/^[ -~\n]*$/)
  expect(text).toMatch(/^ {2}ok bytes {4}2,052,000 of/m)
  expect(await reinit({ run: { ...reinitReport.run, status: 'failed', message: 'no kernel' } }, { unicode: false })).toMatch(
    /^ {2}ok {5}bytes[^]*^ {2}FAILED runs {5}failed: no kernel$/m,
  )
})

test('verbose adds tests, timings and what was skipped', async () => {
  const text = await reinit({ skipped: inspectReport.skipped }, { verbose: true })
  expect(text).toMatch(/^1 float constant can't be selected:\n {2}window {2}400 values; read by Mul/m)
  expect(text).toMatch(/^ {2}fc\.weight {2}mean {2}0\.7659 {5}5\.64 {3}passed$/m)
  expect(text).toMatch(/^read 0\.01 s, write 0\.09 s, verify 0\.08 s, run 0\.1 s; onnx-reinit 1\.0\.0, philox$/m)
})

test.each<[string, Partial<ReinitReport>, RegExp]>([
  [
    'no proof',
    { bytes: { changed: 4, total: 9, identicalOutside: null } },
    /- bytes {4}4 of 9 rewritten; the rest was not compared \(--no-verify\)\n {2}- values {3}not tested/,
  ],
  ['bytes differ', { bytes: { changed: 4, total: 9, identicalOutside: false } }, /✗ bytes {4}4 of 9 rewritten, but others differ too/],
  [
    'a test fails',
    { changed: [{ ...weightChange, checks: [{ name: 'mean', passed: false, statistic: 9, limit: 5.64 }] }] },
    /! values {3}as drawn, but 1 test failed: mean of fc\.weight/,
  ],
  ['not run', { run: { status: 'disabled', runtime: null, inputs: [], outputs: [] } }, /- runs {5}not run \(--no-run\)/],
  [
    'too large',
    { run: { status: 'too-large', runtime: null, inputs: [], outputs: [], message: '5 GB' } },
    /! runs {5}not run, the model is large \(--run forces it\): 5 GB/,
  ],
  [
    'failed before',
    { run: { status: 'failed-before', runtime: null, inputs: [], outputs: [] } },
    /! runs {5}the input does not run either/,
  ],
  ...(
    [
      ['equal', /✓ features {3}view \[1, 512\] equal to the bit before and after/],
      ['different', /✗ features {3}view \[1, 512\] not as before/],
      ['not-compared', /! features {3}not compared: no result/],
    ] as const
  ).map(([status, text]): [string, Partial<ReinitReport>, RegExp] => {
    const values = [{ name: 'view', dataType: 'FLOAT', shape: [1, 512] }]
    const features = { status, values, ...(status === 'not-compared' && { message: 'no result' }) }
    return [`features that are ${status}`, { run: { ...reinitReport.run, features } }, text]
  }),
  [
    'several outputs',
    {
      run: {
        ...reinitReport.run,
        outputs: [1, 2, 3, 4, 5].map((i) => ({
          name: `y${i}`,
          dataType: 'FLOAT',
          shape: [i],
          finite: true,
          mean: 0,
          std: 1,
          min: 0,
          max: 0,
        })),
      },
    },
    /✓ runs .* → y1 \[1\], y2 \[2\], y3 \[3\], 2 more, finite$/m,
  ],
  [
    'tensors that keep their values under --all',
    { kept: [1, 2, 3].map((i) => ({ name: `t${i}`, reason: 'x', detail: `why ${i}`, elementCount: 411_523 })) },
    /^! 3 tensors \(1\.2 M values\) still hold their old values:\n {2}t1 {2}411,523 values; why 1\n {2}t2/m,
  ],
  [
    'a half type',
    { changed: [{ ...biasChange, dataType: 'FLOAT16' }] },
    /layer {2}parameter {2}type {5}shape[^]*fc {5}fc\.bias {4}FLOAT16/,
  ],
  [
    'a rule with parameters',
    { changed: [{ ...weightChange, initializer: 'trunc_normal', gain: null, parameters: { mean: 0, std: 0.02, a: -2, b: 2 } }] },
    /trunc_normal, std 0\.02 {2}/,
  ],
  [
    'a rule with switches',
    { changed: [{ ...weightChange, initializer: 'he_normal', parameters: { mode: 'fan_out', truncated: true } }] },
    /he_normal, gain 1, mode fan_out, truncated {2}/,
  ],
  [
    'an upper bound that is not the usual one',
    { changed: [{ ...weightChange, initializer: 'trunc_normal', gain: null, parameters: { mean: 0, std: 1, a: -2, b: 3 } }] },
    /trunc_normal, b 3 {2}/,
  ],
  [
    'what goes without saying',
    { changed: [{ ...weightChange, initializer: 'he_normal', parameters: { mode: 'fan_in', truncated: false } }] },
    /he_normal, gain 1 {2}/,
  ],
  ['a rule that was chosen', { changed: [{ ...weightChange, why: 'relu follows' }] }, /xavier_normal, gain 1 \(relu follows\)/],
  ['a constant', { changed: [{ ...biasChange, initializer: 'constant', parameters: { value: 0.25 } }] }, /constant, value 0\.25/],
  ['in another scope', { changed: [{ ...biasChange, scope: 'If_3/then_branch' }] }, /fc\.bias in If_3\/then_branch/],
  [
    'one data file of another name',
    { written: ['a/weights.bin', 'resnet18.reinit.onnx'] },
    /^wrote resnet18\.reinit\.onnx \(\+ weights\.bin\) in 0\.3 s, seed 0$/m,
  ],
  ['many data files', { written: ['a', 'b', 'c', 'd', 'resnet18.reinit.onnx'] }, /\(\+ 4 data files\)/],
  ['stdout', { output: '-', written: ['-'] }, /^wrote the model to stdout in/m],
  ['a note', { notes: ['fc.weight is tied to emb.weight'] }, /^note: fc\.weight is tied/m],
])('the report says: %s', async (_, report, expected) => {
  expect(await reinit(report)).toMatch(expected)
})

test('a narrow terminal shortens names in their middle, never numbers', async () => {
  const long = { ...weightChange, layer: `encoder.${'block.'.repeat(20)}query`, name: `encoder.${'block.'.repeat(20)}query.weight` }
  const wide = await reinit({ changed: [long] })
  expect(wide).toContain(long.name)
  const text = await reinit({ changed: [long] }, { columns: 120 })
  const table = text.split('\n').filter((line) => line.includes('512 → 1000'))
  expect(table.map((line) => width(line) <= 120)).toEqual([true])
  expect(table[0]).toMatch(/^ {2}encoder\S*…\S*query {2}encoder\S*…\S*weight {2}\[1000, 512\] {5}512 → 1000 {2}xavier_normal, gain 1 /)
})

test('colour only where it is asked for', async () => {
  const escapes = (text: string) => text.includes('\x1b[')
  expect(escapes(await reinit({}, { color: true }))).toBe(true)
  expect(escapes(await reinit())).toBe(false)
})

const EVIL = 'a\x1b[31m\n\u202eb|`c`<img src=x>[l](http://x) @me'

test('names move no cursor, break no line and turn no text', async () => {
  const text = await reinit({
    input: EVIL,
    changed: [{ ...weightChange, layer: EVIL, name: EVIL }],
    kept: [{ name: EVIL, reason: EVIL, detail: EVIL, elementCount: 1 }],
    notes: [EVIL],
  })
  const lines = text.replaceAll('\n', '')
  expect(lines).toBe(escapeControls(lines))
  expect(text).toContain('a\\x1b[31m\\x0a\\u202eb|')
})

test('Markdown sets names as code and lets nothing be markup', async () => {
  const report = { ...reinitReport, changed: [{ ...weightChange, layer: EVIL, name: EVIL }], notes: [EVIL] }
  const text = await draw('markdown', { of: 'reinit', report })
  const row = text.split('\n').find((line) => line.includes('512 → 1000')) ?? ''
  expect(row).toContain('| ``a\\x1b[31m\\x0a\\u202eb\\|`c`<img src=x>[l](http://x) @me`` |')
  // a table of eight columns: pipes of names are no borders
  expect(row.replace(/\\\|/g, '').split('|')).toHaveLength(10)
  expect(text).toContain('note\\: a\\\\x1b\\[31m\\\\x0a\\\\u202eb\\|\\`c\\`&lt;img src=x&gt;\\[l\\](http\\://x) \\@me')
})

test('HTML lets nothing be markup, and asks for nothing from elsewhere', async () => {
  const report = { ...reinitReport, changed: [{ ...weightChange, layer: EVIL, name: EVIL }], notes: [EVIL] }
  const page = await draw('html', { of: 'reinit', report })
  expect(page).toContain('<td><code>a\\x1b[31m\\x0a\\u202eb|`c`&lt;img src=x&gt;[l](http://x) @me</code></td>')
  const tags = new Set([...page.matchAll(/<\/?([^\s>]+)/g)].map(([, tag]) => tag))
  expect([...tags].map(String).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
    '!doctype b body code footer h1 h2 head html li meta p span style table tbody td th thead title tr ul'
      .split(' ')
      .filter((t) => tags.has(t)),
  )
  expect(page).not.toMatch(/<(img|script|link|a|iframe)\b|\b(src|href)="/)
  expect(page).toContain("default-src 'none'")
})

test('a report as Markdown', async () => {
  expect(await draw('markdown', { of: 'reinit', report: reinitReport })).toMatchInlineSnapshot(`
    "# \`resnet18.onnx\`

    46.8 MB, opset 20, pytorch 2.15.0\\: 42 parameters in 21 layers, 2 selected

    | layer | parameter | shape | fan in → out | initializer | std\\: formula | drawn | before |
    | --- | --- | --- | --- | --- | --- | --- | --- |
    | \`fc\` | \`fc.weight\` | \\[1000, 512\\] | 512 → 1000 | xavier\\_normal, gain 1 | 0.03637 | 0.03639 | 0.02552 |
    | \`fc\` | \`fc.bias\` | \\[1000\\] |  | zeros | 0 | 0 | 0.01471 |

    - ✓ **bytes**: 2,052,000 of 46,826,871 rewritten; every other byte is as it was
    - ✓ **values**: mean, variance, shape and range as the formulas demand
    - ✓ **runs**: onnxruntime-node 1.30.0\\: x \\[1, 3, 224, 224\\] → y \\[1, 1000\\], finite, std 0.83

    wrote resnet18.reinit.onnx (+ .data) in 0.3 s, seed 0
    "
  `)
})

test('inspect as text', async () => {
  expect(await draw('text', { of: 'inspect', report: inspectReport })).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB, opset 20, pytorch 2.15.0: 3 parameters in 2 layers

      layer  parameter     role    shape          fan in → out   activation
      conv1  conv1.weight  weight  [64, 3, 7, 7]     147 → 3136  relu
      fc     fc.weight     weight  [1000, 512]       512 → 1000
      fc     fc.bias       bias    [1000]

    1 further float constant (400 values) can't be selected:
      window  400 values; read by Mul: not a known parameter

    3 parameters in 2 layers, 522,408 values
    "
  `)
})

test('inspect: columns for what there is to say', async () => {
  const [conv, weight, bias] = inspectReport.parameters
  if (!conv || !weight || !bias) throw new Error('three parameters')
  const parameters = [
    { ...conv, selected: false, stats: { mean: 0, std: 0.1234567, min: -1, max: 1e-9 } },
    { ...weight, dataType: 'FLOAT16', shared: true, uses: [...weight.uses, ...weight.uses] },
    {
      ...bias,
      scope: 'If_0/then_branch',
      name: '',
      stats: { mean: Number.NaN, std: Number.NaN, min: Number.NEGATIVE_INFINITY, max: 12345.6 },
    },
  ]
  expect(await draw('text', { of: 'inspect', report: { ...inspectReport, parameters, skipped: [] } })).toMatchInlineSnapshot(`
    "resnet18.onnx  46.8 MB, opset 20, pytorch 2.15.0: 3 parameters in 2 layers, 2 selected

         layer  parameter     in                role    type     shape          fan in → out   mean  std     min        max     activation  shared
         conv1  conv1.weight                    weight           [64, 3, 7, 7]     147 → 3136  0     0.1235  -1         1e-9    relu
      *  fc     fc.weight                       weight  FLOAT16  [1000, 512]       512 → 1000                                               2 uses
      *  fc     ""            If_0/then_branch  bias             [1000]                        NaN   NaN     -Infinity  12,350

    3 parameters in 2 layers, 522,408 values; selected: 2 parameters, 513,000 values
    "
  `)
})

test('diff as text', async () => {
  expect(await draw('text', { of: 'diff', report: diffReport })).toMatchInlineSnapshot(`
    "a.onnx → b.onnx  44 tensors

      layer  tensor     shape        differs in                 max |Δ|  mean before → after      std before → after
      fc     fc.weight  [1000, 512]  511,999 of 512,000 values  0.2055     0.0003353 → -3.893e-5     0.02581 → 0.03637

    1 tensor only in the model after:
      extra

    2 tensors with equal values are stored elsewhere: fc.bias raw_data → b.onnx.data from byte 0, …

      ! tensors   2 of 44 tensors differ
      ✓ rest      everything that is no tensor's values is equal to the byte
    "
  `)
})

/** Every string of a report but those that the program itself chooses. */
const evilOf = (value: unknown, key = ''): unknown =>
  typeof value === 'string'
    ? ['status', 'dataType', 'role', 'seed', 'rng', 'like', 'to', 'kind', 'data'].includes(key)
      ? value
      : `${EVIL}\x9b\x7f\u2028`
    : Array.isArray(value)
      ? value.map((v) => evilOf(v, key))
      : value !== null && typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, evilOf(v, k)]))
        : value

test.each(
  Object.keys(formats).flatMap((format) =>
    [true, false].flatMap((verbose) =>
      Object.entries(allReports).map(([of, report]) => ({
        format: format as keyof typeof formats,
        verbose,
        of,
        report,
      })),
    ),
  ),
)('$format of $of, verbose $verbose: no string holds what a terminal obeys', async ({ format, verbose, of, report }) => {
  const text = await draw(format, { of, report: evilOf(report) } as AnyReport, { verbose })
  expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u)
  expect(text).toContain('202eb')
  if (format === 'json') expect(JSON.parse(text)).toEqual(evilOf(report))
})

test.each<[string, Partial<DiffReport>, RegExp]>([
  [
    'equal',
    { changed: [], added: [], moved: [], outside: 0, equal: true },
    /✓ tensors {3}equal in every value, shape and type\n {2}✓ rest/,
  ],
  ['within --only', { only: ['fc'], outside: 0, added: [], equal: true }, /✓ tensors {3}1 of 44 tensors differs, none outside --only/],
  ['outside --only', { only: ['conv'], outside: 2 }, /^ {2}! {2}fc [^]*✗ tensors {3}2 of 44 tensors differ, 2 outside --only/m],
  ['the rest', { restEqual: false, rest: 'byte 4 is 1' }, /! rest {6}differs: byte 4 is 1/],
  [
    'another shape',
    { changed: diffReport.changed.map((c) => ({ ...c, differing: null, what: '[10, 512] → [1000, 512]' })) },
    /\[10, 512\] → \[1000, 512\]/,
  ],
])('diff says: %s', async (_, report, expected) => {
  expect(await draw('text', { of: 'diff', report: { ...diffReport, ...report } })).toMatch(expected)
})

test('JSON holds the report, with words for what JSON has no numbers for', async () => {
  const report = {
    ...reinitReport,
    bytes: { changed: 2 ** 60, total: 2 ** 53 + 2, identicalOutside: true },
    changed: [{ ...weightChange, before: { mean: Number.NaN, std: 3e38, min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY } }],
  }
  const read = JSON.parse(await draw('json', { of: 'reinit', report })) as unknown
  expect(read).toEqual({
    ...report,
    bytes: { changed: '1152921504606846976', total: '9007199254740994', identicalOutside: true },
    changed: [{ ...weightChange, before: { mean: 'NaN', std: 3e38, min: '-Infinity', max: 'Infinity' } }],
  })
  expect(JSON.parse(await draw('json', { of: 'inspect', report: inspectReport }))).toEqual(inspectReport)
})

test('every format writes every report', async () => {
  for (const name of Object.keys(formats) as (keyof typeof formats)[])
    for (const [of, report] of Object.entries(allReports)) {
      const text = await draw(name, { of, report } as AnyReport)
      expect(text, `${name} of ${of}`).toMatch(/resnet18(\.skeleton)?\.onnx|a\.onnx/)
      expect(text.endsWith('\n')).toBe(true)
    }
})

test.each([
  [0.036369648, '0.03637'],
  [0, '0'],
  [1, '1'],
  [-3.893e-5, '-3.893e-5'],
  [1234567, '1,235,000'],
  [12345.678, '12,350'],
  [1e30, '1e+30'],
  [0.00012341, '0.0001234'],
  [Number.NaN, 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity'],
  [null, ''],
])('number %s is %s', (value, expected) => {
  expect(number(value)).toBe(expected)
})

test('counts, sizes and times', () => {
  expect([0, 999, 1000, 46826871].map(count)).toEqual(['0', '999', '1,000', '46,826,871'])
  expect([812, 4315, 999_999, 46_826_871, 102_760_448, 2.4e9].map(bytes)).toEqual([
    '812 bytes',
    '4.32 kB',
    '1 MB',
    '46.8 MB',
    '103 MB',
    '2.4 GB',
  ])
  expect([1, 812, 1_234_567, 7e9].map(values)).toEqual(['1 value', '812 values', '1.2 M values', '7.0 G values'])
  expect([3, 340, 12_340].map(seconds)).toEqual(['0.00 s', '0.3 s', '12 s'])
})

test('width and shortening count columns, not characters', () => {
  expect(['abc', '漢字', 'e\u0301', '🎉'].map(width)).toEqual([3, 4, 1, 2])
  expect(shorten('encoder.layer.0.query', 11, '…')).toBe('encod…query')
  expect(shorten('short', 11, '…')).toBe('short')
  expect(width(shorten('漢字漢字漢字漢字', 7, '…'))).toBeLessThanOrEqual(7)
})

test('invisible characters are written out', () => {
  expect(escapeControls('\0a\x7f\u0085\u200b\u2028\ud800\u{e0001}é漢')).toBe('\\x00a\\x7f\\x85\\u200b\\u2028\\ud800\\u{e0001}é漢')
})
