import { initializers } from '../src/init/initializers.js'
import { paths } from '../src/ops/paths.js'
import { slots } from '../src/ops/slots.js'

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll('*', '\\*')
const bare = (key: string) => key.replace(/^ai\.onnx:/, '')

/** The parts of the README that are made from the tables of the source, by the name of their markers. */
export const sections: Readonly<Record<string, () => string>> = {
  paths: () => {
    const names = Object.keys(paths).map((key) => bare(key))
    return `${names.slice(0, -1).join(', ')} and ${names.at(-1)};`
  },
  operators: () => {
    const rows = Object.entries(slots).map(([key, list]) => {
      const inputs = list.map((s) => `${s.input} ${s.refused ? `(${s.role}: refused)` : s.role}`)
      return `| ${bare(key)} | ${inputs.join(', ')} |`
    })
    return ['| operator | parameters by input |', '|---|---|', ...rows].join('\n')
  },
  initializers: () => {
    const shown = (parameters: object) => Object.entries(parameters).map(([key, value]) => `${key}=${String(value)}`)
    const rows = Object.entries(initializers).map(([name, { aliases, presets = {}, summary, parameters }]) => {
      const keys = Object.entries(parameters).flatMap(([key, p]) => (p.optional ? key : shown({ [key]: p.default ?? '…' })))
      const others = [...aliases, ...Object.entries(presets).map(([preset, of]) => `${preset}: ${shown(of).join(', ')}`)]
      const also = others.length > 0 ? ` (${others.join('; ')})` : ''
      return `| ${name}${also} | ${escaped(summary)} | ${escaped(keys.join(', '))} |`
    })
    return ['| initializer | rule | parameters |', '|---|---|---|', ...rows].join('\n')
  },
}

/** A README with the sections between their markers made anew. */
export function withSections(readme: string): string {
  return Object.entries(sections).reduce(
    (text, [name, make]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`),
        (_, open: string, close: string) => `${open}${make()}\n${close}`,
      ),
    readme,
  )
}
