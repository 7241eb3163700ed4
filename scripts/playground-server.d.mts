/** Headers of the pages. */
export const POLICY: string

/** Serves a folder of files on this machine. */
export function servePlayground(
  folder: string,
  port?: number,
): Promise<{ readonly address: string; readonly close: () => void }>
