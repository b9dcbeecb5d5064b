import type { Format } from './report.js'

/** One entry a format. `ending`: of --report's file; null where the format is for the terminal alone. */
export const formats = {
  text: { ending: null, load: async () => (await import('./text.js')).text },
  json: { ending: '.json', load: async () => (await import('./json.js')).json },
  markdown: { ending: '.md', load: async () => (await import('./markdown.js')).markdown },
  html: { ending: '.html', load: async () => (await import('./html.js')).html },
} as const satisfies Readonly<Record<string, Format>>
