import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withSections } from './readmeTables.js'

test('the tables of the README are those of the source (UPDATE_README=1 writes them)', () => {
  const readme = readFileSync('README.md', 'utf8')
  const current = withSections(readme)
  if (process.env['UPDATE_README']) writeFileSync('README.md', current)
  else expect(readme).toBe(current)
})
