import { stripVTControlCharacters } from 'node:util'
import { width } from '../report/width.js'

/** Stands in for yargs' string-width (see build.mjs), whose regular expression costs 55 ms at every start. */
const stringWidth = (text: string) => width(stripVTControlCharacters(text))
export default stringWidth
