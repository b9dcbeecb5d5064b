// What yargs has of its platform, for the bundle instead of its own (yargs/lib/platform-shims/esm.mjs). It is part of every start: what only
// the help needs is loaded by the help, and nothing is looked for on the disk, neither words of other languages nor settings in a package.json.
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { format, inspect } from 'node:util'
import Parser from 'yargs-parser/browser'
import stringWidth from '../src/commands/stringWidth.ts'

/** @type {Record<string, string | { one: string, other: string }>} */
const words = {}
const y18n = {
  __: (text, ...values) => format(words[text] ?? text, ...values),
  __n(one, other, count, ...values) {
    const text = (words[one] ?? { one, other })[count === 1 ? 'one' : 'other']
    return format(text, ...(text.includes('%d') ? [count] : []), ...values)
  },
  getLocale: () => 'en',
  setLocale() {},
  updateLocale: (more) => Object.assign(words, more),
}

function absent() {
  throw new Error('not in the bundle')
}

export default {
  // of yargs' own mistakes
  assert: { notStrictEqual() {}, strictEqual() {} },
  cliui: (options) => require('cliui').default(options),
  findUp: () => undefined,
  getCallerFile: absent,
  getEnv: (name) => process.env[name],
  getProcessArgvBin: () => process.argv[1],
  inspect,
  mainFilename: '',
  Parser,
  path: { basename, dirname, extname, relative, resolve, join },
  process: {
    argv: () => process.argv,
    cwd: () => process.cwd(),
    emitWarning: (warning, type) => process.emitWarning(warning, type),
    execPath: () => process.execPath,
    exit: absent,
    nextTick: process.nextTick,
    stdColumns: null,
  },
  // what is found of a package.json that isn't looked for
  readFileSync: () => '{}',
  readdirSync: absent,
  require: absent,
  stringWidth,
  y18n,
}
