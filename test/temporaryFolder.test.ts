import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { TEMPORARY_PREFIX } from './temporaryFolder.js'

test('temporary files are in the folder that goes with the run, those of child processes too', () => {
  expect(basename(tmpdir()).startsWith(TEMPORARY_PREFIX)).toBe(true)
  const { stdout } = spawnSync(process.execPath, ['-p', 'os.tmpdir()'], { encoding: 'utf8' })
  expect(stdout.trim()).toBe(tmpdir())
})
