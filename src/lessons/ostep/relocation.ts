/** OSTEP's dynamic relocation: an address is valid below the limit, and lies that far above the base. */

export interface RelocationProblem {
  readonly base: number;
  readonly limit: number;
  readonly addresses: readonly number[];
}

/** [address] the physical address; null: a fault. */
export function solveRelocation({ base, limit, addresses }: RelocationProblem): (number | null)[] {
  return addresses.map((address) => (address < limit ? base + address : null));
}
