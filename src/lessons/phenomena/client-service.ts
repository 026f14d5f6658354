/**
 * What clients receive, in weighted tokens (prompts when their call first gets a core, answers when a stretch of it ends), and the service gap: over all pairs of clients
 * and all intervals in which both have calls waiting all the time, the largest difference between what they receive. From the event stream alone.
 *
 * Source: the measure of Y. Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024 (arXiv 2401.00588), section 3.
 */
import { assert } from '../../base/assert.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import { vtcDefaults } from '../../policies/index.ts';

interface Client {
  received: number;
  waiting: number;
}

export class ClientService {
  private readonly clientOf: (name: string) => string;
  private readonly clients = new Map<string, Client>();
  // By pid.
  private readonly owners: Client[] = [];
  private readonly promptTokens: number[] = [];
  private readonly answered: number[] = [];
  private readonly isReady: boolean[] = [];
  /** Of each pair of clients that both have calls waiting: the least and the largest difference since then. */
  private readonly spans = new Map<string, readonly [least: number, largest: number]>();
  private largest = 0;

  /** `clientOf`: whose service a process's calls are, by its name. */
  constructor(clientOf: (name: string) => string) {
    this.clientOf = clientOf;
  }

  /** Weighted tokens. */
  get gap(): number {
    return this.largest;
  }

  receivedBy(client: string): number {
    return this.clients.get(client)?.received ?? 0;
  }

  onEvent(event: KernelEvent): void {
    switch (event.type) {
      case 'process.spawned': {
        const name = this.clientOf(event.name);
        const client = this.clients.get(name) ?? { received: 0, waiting: 0 };
        this.clients.set(name, client);
        this.owners[event.pid] = client;
        return;
      }
      case 'call.requested':
        this.promptTokens[event.pid] = event.promptTokens;
        this.answered[event.pid] = 0;
        return;
      case 'process.ready':
        return this.wait(event.pid, true);
      case 'process.dispatched':
        this.receive(event.pid, vtcDefaults.inputWeight * this.promptTokens[event.pid]!);
        this.promptTokens[event.pid] = 0;
        return this.wait(event.pid, false);
      case 'call.stopped':
      case 'call.ended': {
        const tokens = event.tokensOut - this.answered[event.pid]!;
        this.answered[event.pid] = event.tokensOut;
        return this.receive(event.pid, vtcDefaults.outputWeight * tokens);
      }
      default:
    }
  }

  private wait(pid: number, isReady: boolean): void {
    if ((this.isReady[pid] ?? false) === isReady) return;
    this.isReady[pid] = isReady;
    this.ownerOf(pid).waiting += isReady ? 1 : -1;
    this.compare();
  }

  private receive(pid: number, tokens: number): void {
    this.ownerOf(pid).received += tokens;
    this.compare();
  }

  private ownerOf(pid: number): Client {
    const client = this.owners[pid];
    assert(client !== undefined, () => `process ${pid} was never spawned`);
    return client;
  }

  private compare(): void {
    const clients = [...this.clients];
    for (const [one, own] of clients)
      for (const [other, their] of clients) {
        if (one >= other) continue;
        const pair = `${one}/${other}`;
        if (own.waiting === 0 || their.waiting === 0) {
          this.spans.delete(pair);
          continue;
        }
        const difference = own.received - their.received;
        const [least, largest] = this.spans.get(pair) ?? [difference, difference];
        const span = [Math.min(least, difference), Math.max(largest, difference)] as const;
        this.spans.set(pair, span);
        this.largest = Math.max(this.largest, span[1] - span[0]);
      }
  }
}
