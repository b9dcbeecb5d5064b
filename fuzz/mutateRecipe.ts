import type { Random } from './random.js'

/** A value of the recipe, and where it stands. */
interface Place {
  readonly holder: Holder
  readonly key: string
}
type Holder = Record<string, unknown> | unknown[]

/** Initializers that a skeleton may name, those that it may not, and parameters to the ends of what numbers are. */
const INITIALIZERS = [
  'zeros',
  'ones',
  'constant:value=1e38',
  'constant:value=-1e-45',
  'normal:mean=0,std=1',
  'normal:mean=3e38,std=0',
  'uniform:a=-1,b=1',
  'uniform:a=1,b=1',
  'uniform:a=-1e308,b=1e308',
  'trunc_normal:mean=0,std=1,a=8,b=9',
  'trunc_normal:mean=0,std=0,a=0,b=0',
  'trunc_normal:mean=0,std=1e-30,a=1,b=2',
  'xavier_normal',
  'he_uniform:mode=fan_out',
  'variance_scaling:scale=1e-300',
  'orthogonal:gain=1',
  'orthogonal:gain=1e30',
  'from:file=/etc/hostname',
  'from:file=s.onnx',
  'shuffle',
  'match',
  'auto',
  'sparse:sparsity=0.5',
  '__proto__',
  'normal:',
  'normal:std',
  'normal:std=1,std=2',
  'normal:__proto__=1',
]
const WORDS = [
  '',
  'x',
  '__proto__',
  'toString',
  'a\nb\u2028',
  '\u202e',
  '\ud800',
  '../x',
  'in',
  'out',
  'spatial',
  'batch',
  'weight',
  'bias',
]
const TYPES = [
  'FLOAT',
  'DOUBLE',
  'FLOAT16',
  'BFLOAT16',
  'INT8',
  'UINT8',
  'INT4',
  'UINT4',
  'INT2',
  'INT32',
  'INT64',
  'FLOAT4E2M1',
  'FLOAT8E4M3FN',
]
const PACKINGS = ['plain', 'nbits', 'bytes', 'floats']
const NUMBERS = [0, 1, 2, 3, 7, 16, 64, 127, 128, 255, 256, 65536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -1, -128, 0.5, 1e-320, 1e308]
const VALUES: readonly unknown[] = [null, true, false, '', [], {}, [[]], [0], ...NUMBERS, ...WORDS]
/** Numbers that JSON can tell and a double can't. */
const NUMERALS = ['1e999', '-0', '1e-999', '9007199254740993', '0.1e1', '00']

type Mutation = (places: readonly Place[], recipe: Holder, other: Holder, random: Random) => void
const mutations: readonly Mutation[] = [
  (places, _, __, random) => put(random.pick(places), random.pick(VALUES)),
  (places, _, __, random) => {
    const { holder, key } = random.pick(places)
    if (Array.isArray(holder)) holder.splice(Number(key), 1)
    else delete holder[key]
  },
  /** What is listed, once more, or many times. */
  (places, _, __, random) => {
    const { holder, key } = random.pick(places.filter((p) => Array.isArray(p.holder))) ?? {}
    if (!Array.isArray(holder)) return
    const copies = Array.from({ length: random.one(10) ? 100 : 1 }, () => copyOf(holder[Number(key)]))
    holder.splice(random.below(holder.length + 1), 0, ...copies)
  },
  (places, _, __, random) => {
    const [a, b] = [random.pick(places), random.pick(places)]
    const [first, second] = [copyOf(at(a)), copyOf(at(b))]
    put(a, second)
    put(b, first)
  },
  nudge,
  nudge,
  /** Of the same name, from another recipe: what fits its place and not its tensor. */
  (places, _, other, random) => {
    const place = random.pick(places)
    const like = placesOf(other).filter(({ key, holder }) => key === place.key && Array.isArray(holder) === Array.isArray(place.holder))
    if (like.length > 0) put(place, copyOf(at(random.pick(like))))
  },
  ...(
    [
      ['init', INITIALIZERS],
      ['type', TYPES],
      ['dataType', TYPES],
      ['packing', PACKINGS],
    ] as const
  ).map(
    ([key, values]): Mutation =>
      (places, _, __, random) => {
        const place = random.pick(places.filter((p) => p.key === key))
        if (place) put(place, random.pick(values))
      },
  ),
  /** A whole part of a recipe: what a draw is of is told by the keys that it has. */
  (places, _, other, random) => {
    const objects = (list: readonly Place[]) => list.map(at).filter((v) => typeof v === 'object' && v !== null && !Array.isArray(v))
    const [into, from] = [random.pick(objects(places)), random.pick(objects(placesOf(other)))]
    if (into && from) Object.assign(into, copyOf(from))
  },
]

/** The text of a recipe that was changed in one to three places, and now and then in its letters. Its size is written in 16 characters. */
export function mutateRecipe(recipe: string, other: string, random: Random): string {
  const tree = JSON.parse(recipe) as Holder
  for (let i = random.below(3); i >= 0; i--) {
    const places = placesOf(tree)
    if (places.length > 0) random.pick(mutations)(places, tree, JSON.parse(other) as Holder, random)
  }
  const text = wide(JSON.stringify(tree))
  if (!random.one(20)) return text
  const from = random.below(text.length)
  return random.pick([
    () => text.slice(0, from),
    () => text.slice(0, from) + random.pick(WORDS) + text.slice(from),
    () => text.replace(/(?<=[:,[])-?[\d.]+(?=[,\]}])/, random.pick(NUMERALS)),
    () => `${'['.repeat(random.pick([1, 100, 100_000]))}${text}`,
  ])()
}

/** Room for any size in its place. */
export const wide = (text: string) => text.replace(/"byteLength":(\d+)/, (_, size: string) => `"byteLength":${size.padStart(16)}`)

function nudge(places: readonly Place[], _: Holder, __: Holder, random: Random): void {
  const place = random.pick(places.filter((p) => typeof at(p) === 'number' && p.key !== 'version'))
  if (!place) return
  const value = at(place) as number
  put(place, random.one(3) ? random.pick(NUMBERS) : random.pick([value + 1, value - 1, value * 2, value / 2, -value]))
}

const at = ({ holder, key }: Place): unknown => (holder as Record<string, unknown>)[key]
const copyOf = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)))

function put({ holder, key }: Place, value: unknown): void {
  // a key of any name is one of its own
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
}

function placesOf(holder: Holder, found: Place[] = []): Place[] {
  for (const [key, value] of Object.entries(holder)) {
    found.push({ holder, key })
    if (typeof value === 'object' && value !== null) placesOf(value as Holder, found)
  }
  return found
}
