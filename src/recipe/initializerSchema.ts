import { type Initializer, initializers, type Parameter } from '../init/initializers.js'

/** JSON Schema of a rule's `init`: a name, NAME:key=value,…, or a map; editors complete names and parameters. */
export function initializerSchema(): object {
  const entries = Object.entries(initializers)
  return {
    anyOf: [
      { enum: entries.flatMap(([name, entry]) => namesOf(name, entry)) },
      { type: 'string', minLength: 1 },
      ...entries.map(([name, entry]) => ({
        type: 'object',
        description: entry.summary,
        properties: { name: { enum: namesOf(name, entry) }, parameters: parametersOf(entry) },
        required: ['name'],
        additionalProperties: false,
      })),
    ],
  }
}

const namesOf = (name: string, { aliases, presets }: Initializer) => [name, ...aliases, ...Object.keys(presets ?? {})]

const parametersOf = ({ parameters }: Initializer) => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(parameters).map(([key, parameter]) => [key, parameterSchema(parameter)])),
  additionalProperties: false,
})

function parameterSchema({ type, choices, integer, minimum, maximum, description, default: fallback }: Parameter): object {
  const range = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) }
  const number = { type: integer ? 'integer' : 'number', ...range }
  const values = {
    number,
    gain: { anyOf: [number, { type: 'string' }] },
    choice: { enum: choices },
    string: { type: 'string', minLength: 1 },
    boolean: { type: 'boolean' },
  }
  return { description, ...values[type], ...(fallback === null ? {} : { default: fallback }) }
}
