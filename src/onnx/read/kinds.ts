import type { Names } from './names.js'

/** What nodes of one operator have in common. */
export interface Kind {
  readonly opType: string
  readonly domain: string
  readonly overload: string
}

export const domainName = (domain: string) => (domain === '' ? 'ai.onnx' : domain)

/** Where a name is not given. */
export const NO_NAME = -1

/** The operators of a model, each once and by number. */
export class Kinds {
  private readonly kinds: Kind[] = []
  private readonly numbers = new Map<string, number>()
  /** Those without overload, by the numbers of domain and op_type. */
  private readonly usual = new Map<number, Map<number, number>>()

  constructor(private readonly names: Names) {}

  at(number: number): Kind {
    return this.kinds[number] as Kind
  }

  /** `opType` and `domain` by the numbers of their names. */
  numberOf(opType: number, domain: number, overload: string): number {
    const known = overload === '' ? this.usual.get(domain)?.get(opType) : undefined
    if (known !== undefined) return known
    const kind = { opType: this.text(opType), domain: domainName(this.text(domain)), overload }
    const key = JSON.stringify(kind)
    const number = this.numbers.get(key) ?? this.kinds.push(kind) - 1
    this.numbers.set(key, number)
    if (overload === '') this.usual.set(domain, (this.usual.get(domain) ?? new Map<number, number>()).set(opType, number))
    return number
  }

  private text(name: number): string {
    return name === NO_NAME ? '' : this.names.text(name)
  }
}
