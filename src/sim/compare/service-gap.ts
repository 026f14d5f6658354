/**
 * How unequally clients are served while they all want something: over all pairs of clients, and all intervals in which both are backlogged, the largest difference between what
 * they receive. A client is backlogged while a call of it runs or waits for what the kernel grants: a core, context memory, load control. Service is core time over the client's weight, µs, to the
 * instant; from the event stream alone.
 *
 * Source: the measure of fairness of S. J. Golestani, "A Self-Clocked Fair Queueing Scheme for Broadband Applications", INFOCOM 1994.
 * Cost: O(clients that are backlogged) for each start and end of a stretch on a core.
 */
import type { KernelEvent } from '../../kernel/events.ts';

/** Pairs are looked at one by one. */
const mostClients = 2_000;

export class ServiceGap {
  private readonly clientOf: (pid: number) => number;
  private readonly weightOf: (client: number) => number;
  private readonly clients: number;
  // By client: core time received until an instant, and how many of its calls run since then.
  private readonly receivedUs: Float64Array;
  private readonly countedUs: Float64Array;
  private readonly running: Int32Array;
  /** How many of its processes want something, by client; and who those are and who runs, by pid. */
  private readonly wanting: Int32Array;
  private readonly wants: boolean[] = [];
  private readonly runs: boolean[] = [];
  private readonly backlogged = new Set<number>();
  /** [f × clients + g]: the least that f has received more than g since both are backlogged. */
  private readonly least: Float64Array;
  private largest = 0;

  /** `clientOf` gives a number below `clients` for each pid. */
  constructor(clients: number, clientOf: (pid: number) => number, weightOf: (client: number) => number) {
    const isMeasured = clients <= mostClients;
    this.clients = clients;
    this.clientOf = clientOf;
    this.weightOf = weightOf;
    this.receivedUs = new Float64Array(clients);
    this.countedUs = new Float64Array(clients);
    this.running = new Int32Array(clients);
    this.wanting = new Int32Array(clients);
    this.least = new Float64Array(isMeasured ? clients * clients : 0);
  }

  /** µs; null with a single client, or with too many to look at all pairs. */
  get gapUs(): number | null {
    return this.clients < 2 || this.least.length === 0 ? null : this.largest;
  }

  onEvent(event: KernelEvent): void {
    if (this.least.length === 0) return;
    switch (event.type) {
      case 'process.ready':
        return this.enter(event.pid, event.atUs);
      case 'process.dispatched':
        return this.run(event.pid, 1, event.atUs);
      // Until the process is suspended, terminated or ready again it wants what it wanted.
      case 'call.stopped':
        return this.run(event.pid, -1, event.atUs);
      case 'call.ended':
        this.run(event.pid, -1, event.atUs);
        return this.leave(event.pid);
      case 'process.waiting':
        return event.on === 'memory' ? undefined : this.leave(event.pid);
      case 'process.suspended':
        return event.by === 'load-control' ? undefined : this.leave(event.pid);
      case 'process.terminated':
        return this.leave(event.pid);
      default:
    }
  }

  private enter(pid: number, atUs: number): void {
    if (this.wants[pid] === true) return;
    this.wants[pid] = true;
    const client = this.clientOf(pid);
    if (this.wanting[client]!++ > 0) return;
    const own = this.service(client, atUs);
    for (const other of this.backlogged) {
      const more = own - this.service(other, atUs);
      this.least[client * this.clients + other] = more;
      this.least[other * this.clients + client] = -more;
    }
    this.backlogged.add(client);
  }

  private leave(pid: number): void {
    if (this.wants[pid] !== true) return;
    this.wants[pid] = false;
    const client = this.clientOf(pid);
    if (--this.wanting[client]! === 0) this.backlogged.delete(client);
  }

  /** A stretch begins or ends. Between two such changes differences grow or shrink steadily, so that they are largest at one. */
  private run(pid: number, change: 1 | -1, atUs: number): void {
    if ((this.runs[pid] ?? false) === (change === 1)) return;
    this.runs[pid] = change === 1;
    const client = this.clientOf(pid);
    this.compare(client, atUs);
    this.receivedUs[client]! += this.running[client]! * (atUs - this.countedUs[client]!);
    this.countedUs[client] = atUs;
    this.running[client]! += change;
  }

  private compare(client: number, atUs: number): void {
    if (!this.backlogged.has(client)) return;
    const own = this.service(client, atUs);
    for (const other of this.backlogged) {
      if (other === client) continue;
      const more = own - this.service(other, atUs);
      const there = client * this.clients + other;
      const back = other * this.clients + client;
      this.largest = Math.max(this.largest, more - this.least[there]!, -more - this.least[back]!);
      if (more < this.least[there]!) this.least[there] = more;
      if (-more < this.least[back]!) this.least[back] = -more;
    }
  }

  private service(client: number, atUs: number): number {
    const us = this.receivedUs[client]! + this.running[client]! * (atUs - this.countedUs[client]!);
    return us / this.weightOf(client);
  }
}
