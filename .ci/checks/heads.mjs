import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * --head against the classifiers that MANIFEST.json names: weight and bias are selected, and where the model has no other head, nothing else
 * but the scales and zero points of quantized ones. What several heads give is printed.
 */
export async function heads({ shared, dist }) {
  const { inspect } = await import(pathToFileURL(join(dist, 'index.js')).href)
  const folder = join(shared, 'models', 'public')
  const { models } = JSON.parse(readFileSync(join(folder, 'MANIFEST.json'), 'utf8'))
  const named = models.filter((m) => m.head)
  const failures = []
  for (const { file, head } of named) {
    const report = await inspect(join(folder, file), { head: true }).catch((error) => ({ error }))
    if (report.error) {
      failures.push(`${file}: ${report.error.message}`)
      continue
    }
    const selected = report.parameters.filter((p) => p.selected)
    const names = selected.map((p) => p.name)
    // a bias's name can have a word on how it gets there behind it
    const wanted = [head.weight, head.bias?.split(' ')[0]].filter(Boolean)
    const missing = wanted.filter((name) => !names.includes(name))
    const others = selected.filter((p) => !wanted.includes(p.name) && !p.role.startsWith('quant_')).map((p) => p.name)
    if (missing.length > 0) failures.push(`${file}: ${missing.join(', ')} not selected, but ${names.join(', ')}`)
    else if (head.other_heads.length > 0) console.log(`several heads: ${file}: ${names.join(', ')}`)
    else if (others.length > 0) failures.push(`${file}: ${others.join(', ')} selected beside ${wanted.join(', ')}`)
  }
  console.log(`--head: ${named.length - failures.length}/${named.length} as the manifest has them`)
  return failures
}
