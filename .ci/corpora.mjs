import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/**
 * Every model of the corpora, the packed ones unpacked into `work`: its corpus, name and path, and whether the runtime is known to run it.
 * @returns {{ corpus: string, name: string, path: string, runs: boolean | null }[]}
 */
export function unpackCorpora(models, work) {
  const exported = join(models, 'exported')
  const open = join(models, 'public')
  const [full, small, hostile] = ['full', 'small', 'exported/hostile'].map((folder) => join(work, folder))
  for (const file of readdirSync(exported)) if (file.endsWith('.tar.gz')) unpack(join(exported, file), full)
  unpack(join(open, 'small-open.tar.gz'), small)
  copyWithLinks(join(exported, 'hostile'), hostile)
  // what a link out of its folder points at
  copyFileSync(join(exported, 'secret.bin'), join(work, 'exported', 'secret.bin'))
  const manifest = new Map(readJson(join(open, 'MANIFEST.json')).models.map((m) => [m.file, m]))
  const tests = new Map(readJson(join(open, 'SMALL.json')).models.map((m) => [m.path, m]))
  const exportedRuns = (path) => {
    const io = join(dirname(path), 'io.json')
    return existsSync(io) ? readJson(io).ort_ok === true : null
  }
  return [
    ...list('exported', exported, exportedRuns).filter((m) => !m.name.startsWith('hostile/')),
    ...list('exported', full, exportedRuns),
    ...list('hostile', hostile, (path) => readJson(join(dirname(path), 'io.json')).ort?.ort_ok === true),
    ...list('public', open, (_, name) => manifest.get(name)?.ort?.run === true && manifest.get(name)?.ort?.out_nan !== true),
    ...list('small', small, (_, name) => tests.get(name)?.ort_run === true),
  ]
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

function unpack(archive, folder) {
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['xzf', archive, '-C', folder])
}

/** Copies a folder, in which a symbolic link can be a small file that holds the target's path; there it is a link again. */
function copyWithLinks(from, to) {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name)
    const path = join(to, relative(from, source))
    mkdirSync(entry.isDirectory() ? path : dirname(path), { recursive: true })
    const target = entry.isDirectory() ? null : targetOf(source, entry)
    if (target !== null) symlinkSync(target, path)
    else if (entry.isFile()) copyFileSync(source, path)
  }
}

/** A link's target, null for a file. */
function targetOf(path, entry) {
  if (entry.isSymbolicLink()) return readlinkSync(path)
  const text = path.endsWith('.bin') ? readFileSync(path, 'latin1').trim() : ''
  return /^[\w./-]+\.bin$/.test(text) ? text : null
}

function list(corpus, folder, runs) {
  const paths = readdirSync(folder, { recursive: true }).filter((f) => f.endsWith('.onnx'))
  return paths.sort().map((f) => ({ corpus, name: f.replace(/\/model\.onnx$/, ''), path: join(folder, f), runs: runs(join(folder, f), f) }))
}

/** What every file below the folders of these models is: its hash, a link's target. Two of them tell what changed between. */
export function snapshot(models) {
  const found = new Map()
  for (const folder of new Set(models.map((m) => dirname(m.path))))
    for (const entry of readdirSync(folder)) {
      const path = join(folder, entry)
      const stat = lstatSync(path)
      if (stat.isSymbolicLink()) found.set(path, `→ ${readlinkSync(path)}`)
      else found.set(path, stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'folder')
    }
  return found
}

/** Files that were changed, added or removed, a line each. */
export function differences(before, after) {
  const paths = new Set([...before.keys(), ...after.keys()])
  const what = (path) => (!before.has(path) ? 'was left behind' : !after.has(path) ? 'is gone' : 'was changed')
  return [...paths].filter((p) => before.get(p) !== after.get(p)).map((p) => `${p} ${what(p)}`)
}
