/** Files open at a time: a model can have thousands of data files, a process 1,024 descriptors, of which the model's reader holds its own. */
const MAX_OPEN = 32

/** Files opened when they are asked for; the one not used for longest is closed where there are too many. */
export class FilePool<T extends { close(): void }> {
  private readonly files = new Map<string, T>()
  constructor(private readonly openFile: (path: string) => T) {}

  get(path: string): T {
    const file = this.files.get(path) ?? this.openFile(path)
    this.files.delete(path)
    this.files.set(path, file)
    if (this.files.size > MAX_OPEN) {
      const [oldest, idle] = this.files.entries().next().value as [string, T]
      this.files.delete(oldest)
      idle.close()
    }
    return file
  }

  close(): void {
    const files = [...this.files.values()]
    this.files.clear()
    for (const file of files) file.close()
  }
}
