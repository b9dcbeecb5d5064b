/**
 * What a report says, before it has a format: a format draws these and knows no report, a report yields these and knows no format.
 * Texts are plain and hold names as they are in the file: escaping is the format's. Long parts are iterables, so that a hundred thousand
 * rows are never held at once.
 */
export type Block =
  | { readonly kind: 'title'; readonly name: string; readonly text: string }
  | { readonly kind: 'table'; readonly columns: readonly Column[]; rows(this: void): Iterable<readonly string[]> }
  | { readonly kind: 'checks'; readonly checks: readonly CheckLine[] }
  | { readonly kind: 'list'; readonly heading: string; readonly loud: boolean; items(this: void): Iterable<Item> }
  | { readonly kind: 'line'; readonly text: string }

export interface Column {
  readonly heading: string
  /** arrow: cells are "left → right" and stand with their arrows in one column. */
  readonly align: 'left' | 'arrow'
  /** Cells are names of the file: a narrow terminal shortens them, Markdown sets them as code. */
  readonly name?: true
  /** Values stand this many characters in, under the end of a heading like "std: formula". */
  readonly indent?: number
}

/** loud: not proven, and the reader should know; off: left out on request. */
export interface CheckLine {
  readonly state: 'ok' | 'failed' | 'loud' | 'off'
  readonly label: string
  readonly text: string
}

export interface Item {
  readonly name: string
  readonly text: string
}
