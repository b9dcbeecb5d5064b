import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** As many as take less than a minute on two cores; `npm run fuzz` goes on to a million. */
const COUNT = 20_000

test(`${COUNT} inputs are refused in one line, or written and proven`, { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-reinit-fuzz-'))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['fuzz/run.mjs', '--count', String(COUNT), '--folder', folder], {
    encoding: 'utf8',
    env: { ...process.env, NODE_V8_COVERAGE: '' },
  })
  rmSync(folder, { recursive: true })
  const lines = stdout.trim().split('\n')
  expect(
    lines.filter((line) => line.startsWith('finding')),
    stderr,
  ).toEqual([])
  const [, done, refused, written, ...others] =
    /^(\d+) of \d+ inputs: (\d+) refused, (\d+) written; to share (?:\d+ caught, )?(\d+) refused, (\d+) written; skeletons (\d+) refused, (\d+) written; 0 findings/.exec(
      lines.at(-1) ?? '',
    ) ?? []
  expect(Number(done), stderr).toBe(COUNT)
  expect(status).toBe(0)
  // neither all are refused in the first step, nor are mutations without effect
  expect(Number(written)).toBeGreaterThan(COUNT / 10)
  expect(Number(refused)).toBeGreaterThan(COUNT / 10)
  for (const count of others) expect(Number(count)).toBeGreaterThan(COUNT / 200)
})
