import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

import { invalid, KernelError } from '../../kernel/errors.ts';

/** All addresses of a name. */
type Resolver = (
  name: string,
  options: LookupAllOptions,
  then: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/**
 * Which hosts may be asked. An entry is a host name ("example.org"), with a port if it is not its scheme's own ("localhost:8080"), or with all its subdomains ("*.example.org"). A name
 * is no way around the list: one that leads to an address of this machine or of a private network needs that address on the list, too.
 */
export class AllowedHosts {
  readonly entries: readonly string[];

  private readonly resolve: Resolver;

  /** Throws KernelError INVALID_ARGUMENT. */
  constructor(entries: readonly string[], resolve: Resolver = lookup) {
    for (const entry of entries)
      if (!/^(\*\.)?[a-z0-9.-]+(:\d+)?$|^\[[0-9a-f:]+\](:\d+)?$/.test(entry))
        throw invalid(
          'allowed hosts',
          entry,
          'a host name in small letters, with a port or as *.name if wanted',
        );
    this.entries = entries;
    this.resolve = resolve;
  }

  /** `host` has the port, unless it is the scheme's own. */
  allow({ host, username, password }: URL): boolean {
    if (username !== '' || password !== '') return false;
    return this.entries.some((entry) =>
      entry.startsWith('*.') ? host === entry.slice(2) || host.endsWith(entry.slice(1)) : host === entry,
    );
  }

  /** Asks for the addresses of a host that is allowed. */
  readonly lookup: LookupFunction = (name, options, callback) => {
    this.resolve(name, { ...options, all: true }, (error, found) => {
      const inside = error === null ? found.find((one) => !this.mayLead(name, one)) : undefined;
      const problem = inside === undefined ? error : this.insideError(name, inside);
      const [first] = found ?? [];
      if (problem !== null || options.all === true) callback(problem, found ?? []);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };

  private mayLead(name: string, { address, family }: LookupAddress): boolean {
    if (!notPublic.check(address, family === 6 ? 'ipv6' : 'ipv4')) return true;
    if (name === 'localhost' || isIP(name) > 0) return true;
    const literal = family === 6 ? `[${address}]` : address;
    return this.entries.some((entry) => entry === literal || entry.startsWith(`${literal}:`));
  }

  private insideError(name: string, { address }: LookupAddress): KernelError {
    return new KernelError(
      'INVALID_ARGUMENT',
      `host "${name}" leads to ${address}, which is not public and not on the list; allowed: ${this.inWords()}`,
    );
  }

  inWords(): string {
    return this.entries.join(', ') || 'none';
  }
}

/** Addresses of this machine, of private networks, and of what clouds keep for their machines (RFC 6890). */
const notPublic = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  notPublic.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  notPublic.addSubnet(net, bits, 'ipv6');
