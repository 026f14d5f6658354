/**
 * How unequally clients are served while they all want something: over all pairs of clients, and all intervals in which both are backlogged, the largest difference between what
 * they receive. A client is backlogged while a call of it runs or waits for what the kernel grants: a core, context memory, load control. Service is core time over the client's weight, µs, to the
 * instant; from the event stream alone.
 *
 * Source: the measure of fairness of S. J. Golestani, "A Self-Clocked Fair Queueing Scheme for Broadband Applications", INFOCOM 1994.
 * Cost: O(clients that are backlogged) for each start and end of a stretch on a core.
 */
import type { KernelEvent } from '../../kernel/events.ts';

const ABSENT = -1;

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
  /** Received over its weight: of those that don't run for good, of those that do as of when it was looked at last. */
  private readonly served: Float64Array;
  /** Who has a call that runs: at most as many as there are cores. */
  private readonly onCores = new Set<number>();
  /** How many of its processes want something, by client; and who those are and who runs, by pid. */
  private readonly wanting: Int32Array;
  private readonly wants: boolean[] = [];
  private readonly runs: boolean[] = [];
  private readonly backlogged: Int32Array; // the first `count` of these
  private readonly places: Int32Array; // by client: where it stands there, or ABSENT
  private count = 0;
  /** Who wants nothing since `nowUs`. At a later instant he is backlogged no more; before that he may want something again, such as his next call. */
  private readonly leaving: number[] = [];
  private nowUs = 0;
  private readonly comparedUs: Float64Array; // by client: as of when it was looked at last
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
    this.served = new Float64Array(clients);
    this.wanting = new Int32Array(clients);
    this.backlogged = new Int32Array(clients);
    this.places = new Int32Array(clients).fill(ABSENT);
    this.comparedUs = new Float64Array(clients).fill(-1);
    this.least = new Float64Array(isMeasured ? clients * clients : 0);
  }

  /** Up to `endUs`, where calls may be cut off. µs; null with a single client, or with too many to look at all pairs. */
  gapUs(endUs: number): number | null {
    if (this.clients < 2 || this.least.length === 0) return null;
    this.moveTo(endUs);
    this.countUp(endUs);
    for (const client of this.onCores) this.compare(client);
    return this.largest;
  }

  onEvent(event: KernelEvent): void {
    if (this.least.length === 0) return;
    this.moveTo(event.atUs);
    switch (event.type) {
      case 'process.ready':
        return this.enter(event.pid);
      case 'process.dispatched':
        return this.run(event.pid, 1);
      // Until the process is suspended, terminated or ready again it wants what it wanted.
      case 'call.stopped':
        return this.run(event.pid, -1);
      case 'call.ended':
        this.run(event.pid, -1);
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

  private moveTo(atUs: number): void {
    if (atUs === this.nowUs) return;
    const { leaving, wanting, places, comparedUs } = this;
    for (const client of leaving) {
      if (wanting[client]! > 0 || places[client] === ABSENT) continue;
      // Others may have been served until then.
      if (comparedUs[client] !== this.nowUs) {
        this.countUp(this.nowUs);
        this.compare(client);
      }
      this.remove(client);
    }
    leaving.length = 0;
    this.nowUs = atUs;
  }

  private enter(pid: number): void {
    if (this.wants[pid] === true) return;
    this.wants[pid] = true;
    const client = this.clientOf(pid);
    if (this.wanting[client]!++ > 0 || this.places[client] !== ABSENT) return;
    this.countUp(this.nowUs);
    const { backlogged, served, least, clients } = this;
    for (let place = 0; place < this.count; place++) {
      const other = backlogged[place]!;
      const more = served[client]! - served[other]!;
      least[client * clients + other] = more;
      least[other * clients + client] = -more;
    }
    this.places[client] = this.count;
    backlogged[this.count++] = client;
  }

  private leave(pid: number): void {
    if (this.wants[pid] !== true) return;
    this.wants[pid] = false;
    const client = this.clientOf(pid);
    if (--this.wanting[client]! === 0) this.leaving.push(client);
  }

  private remove(client: number): void {
    // The last takes its place.
    const place = this.places[client]!;
    const last = this.backlogged[--this.count]!;
    this.backlogged[place] = last;
    this.places[last] = place;
    this.places[client] = ABSENT;
  }

  /** A stretch begins or ends. Between two such changes differences grow or shrink steadily, so that they are largest at one. */
  private run(pid: number, change: 1 | -1): void {
    if ((this.runs[pid] ?? false) === (change === 1)) return;
    this.runs[pid] = change === 1;
    const client = this.clientOf(pid);
    this.countUp(this.nowUs);
    this.compare(client);
    this.receivedUs[client]! += this.running[client]! * (this.nowUs - this.countedUs[client]!);
    this.countedUs[client] = this.nowUs;
    this.running[client]! += change;
    if (this.running[client] === 0) this.onCores.delete(client);
    else this.onCores.add(client);
  }

  private compare(client: number): void {
    if (this.places[client] === ABSENT) return;
    this.comparedUs[client] = this.nowUs;
    const { backlogged, served, least, clients, count } = this;
    const own = served[client]!;
    let { largest } = this;
    for (let place = 0; place < count; place++) {
      const other = backlogged[place]!;
      if (other === client) continue;
      const more = own - served[other]!;
      const there = client * clients + other;
      const back = other * clients + client;
      const risen = more - least[there]!;
      const fallen = -more - least[back]!;
      if (risen > largest) largest = risen;
      if (fallen > largest) largest = fallen;
      if (more < least[there]!) least[there] = more;
      if (-more < least[back]!) least[back] = -more;
    }
    this.largest = largest;
  }

  /** What those that run have received by now. */
  private countUp(atUs: number): void {
    for (const client of this.onCores) {
      const us = this.receivedUs[client]! + this.running[client]! * (atUs - this.countedUs[client]!);
      this.served[client] = us / this.weightOf(client);
    }
  }
}
