/** Milliseconds since the last call. */
export function stopwatch(): () => number {
  // `performance` is one of Node's modules that are loaded when they are asked for
  let last = Date.now()
  return () => {
    const now = Date.now()
    const passed = now - last
    last = now
    return passed
  }
}
