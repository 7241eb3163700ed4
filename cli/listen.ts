/** Where a server listens, as a command line says it. */
import { InvalidArgumentError } from 'commander'

export interface Listen {
  readonly host: string
  readonly port: number
  /** Nobody but this machine reaches it. */
  readonly isLoopback: boolean
}

/** `127.0.0.1:7411`, `[::1]:7411`, `localhost:7411`, or a port alone, which is one of 127.0.0.1. */
export function parseListen(text: string): Listen {
  const [, bracketed, plain, digits = ''] =
    /^(?:(?:\[([0-9a-fA-F:.]+)\]|([0-9A-Za-z.-]+)):)?(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? '127.0.0.1'
  const port = Number(digits)
  if (digits === '' || port > 65_535) throw new InvalidArgumentError('It wants an address and a port: 127.0.0.1:7411.')
  return { host, port, isLoopback: host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host) }
}
