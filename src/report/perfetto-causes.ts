/**
 * Whose doing the end of a wait was, as flows from the cause to who goes on: a message from its sender to its receiver, the end of a child to the
 * parent that waited for it, a settled budget to the call that it let in, a tool call that gave back its locks to the one that got them, who
 * released a lock or posted to a semaphore to who had waited for it, and the end of a stretch or of a process to the call that its room in context memory let in. Every flow that begins also ends: what nobody has received
 * when its receiver ends, ends there. A wait that the clock or the world ended has no cause here.
 */
import type { KernelEvent } from '../kernel/events.ts';
import type { Interval, IntervalReader } from './intervals.ts';

/** Where flows are drawn. */
export interface CausePen {
  /** A point on the track of a process, to which the flows that follow are bound. */
  mark(pid: number, name: string): void;
  flow(ph: 's' | 'f', pid: number, cat: CauseKind, id: number): void;
}

export type CauseKind = 'message' | 'child' | 'budget' | 'lock' | 'memory';

export class Causes {
  private readonly intervals: IntervalReader;
  private readonly pen: CausePen;
  /** The ancestors of a budget node, itself first. */
  private readonly nodesAbove: (node: string) => readonly string[];
  private readonly people = new Map<number, Person>();
  /** Receiver → number of the message → its flow. */
  private readonly mail = new Map<number, Map<number, number>>();
  private readonly tools = new Map<number, ToolRun>();
  private flows = 0;
  // What happened at this instant and may end a wait.
  private settled: (Doer & { readonly node: string })[] = [];
  private unlocked: (Doer & ToolRun)[] = [];
  /** By engine. */
  private readonly freed = new Map<number, Doer>();
  /** By lock, or by run and semaphore. */
  private readonly handedOn = new Map<string, Doer>();
  /** By parent. */
  private readonly childEnds = new Map<number, Doer>();

  constructor(intervals: IntervalReader, pen: CausePen, nodesAbove: (node: string) => readonly string[]) {
    this.intervals = intervals;
    this.pen = pen;
    this.nodesAbove = nodesAbove;
  }

  /** Time goes on: what happened before ends no wait any more. */
  startInstant(): void {
    if (this.settled.length > 0) this.settled = [];
    if (this.unlocked.length > 0) this.unlocked = [];
    if (this.freed.size > 0) this.freed.clear();
    if (this.handedOn.size > 0) this.handedOn.clear();
    if (this.childEnds.size > 0) this.childEnds.clear();
  }

  /** `event` ended the interval. */
  ended(interval: Interval, { type }: KernelEvent): void {
    if (interval.state !== 'waiting') return;
    const { pid, engine } = interval.process;
    if (interval.on === 'child' && type !== 'process.suspended')
      this.draw('child', this.childEnds.get(pid), pid, 'child waited for');
    // The end of a wait for memory without a detail is its own: else the queue was held by another.
    if (interval.on === 'memory' && interval.detail === '' && type === 'process.ready')
      this.draw('memory', this.freed.get(engine), pid, 'memory granted');
  }

  /** After the intervals have read it. */
  read(event: KernelEvent): void {
    switch (event.type) {
      case 'process.spawned':
        this.people.set(event.pid, {
          name: event.name,
          run: event.run,
          parent: event.parent,
          engine: event.engine,
        });
        return;
      case 'process.migrated':
        this.people.set(event.pid, { ...this.people.get(event.pid)!, engine: event.to });
        return;
      case 'process.terminated':
        return this.terminated(event.pid);
      case 'call.ended':
      case 'call.stopped':
        return this.released(event.pid);
      case 'message.sent':
        return this.sent(event);
      case 'message.received': {
        const box = this.mail.get(event.pid);
        const flow = box?.get(event.number);
        const from = event.from === 0 ? 'the world' : this.nameOf(event.from);
        this.pen.mark(event.pid, `message ${event.number} from ${from}`);
        // After a crash a mailbox holds what was sent to the kernel before.
        if (flow === undefined) return;
        box!.delete(event.number);
        this.pen.flow('f', event.pid, 'message', flow);
        return;
      }
      case 'budget.settled':
        this.settled.push({ ...doer(event.pid, 'budget settled'), node: event.node });
        return;
      case 'budget.reserved': {
        const live = this.intervals.process(event.pid);
        if (live?.state !== 'waiting' || live.why !== 'budget' || live.sinceUs === event.atUs) return;
        const short = live.detail;
        const cause = this.settled.findLast(
          ({ pid, node }) => pid !== event.pid && this.nodesAbove(node).includes(short),
        );
        return this.draw('budget', cause, event.pid, 'budget granted');
      }
      case 'tool.started':
        return this.started(event);
      case 'tool.settled': {
        const run = this.tools.get(event.request);
        this.tools.delete(event.request);
        if (run !== undefined)
          this.unlocked.push({ ...run, ...doer(run.pid, `${run.tool}: locks released`) });
        return;
      }
      case 'lock.released':
        this.handedOn.set(event.lock, doer(event.pid, `lock ${event.lock} released`));
        return;
      case 'lock.acquired':
        return this.handed(event, event.lock, `lock ${event.lock} acquired`);
      case 'semaphore.posted':
        this.handedOn.set(this.ofRun(event), doer(event.pid, `semaphore ${event.semaphore} posted`));
        return;
      case 'semaphore.taken':
        return this.handed(event, this.ofRun(event), `semaphore ${event.semaphore} taken`);
      default:
        return;
    }
  }

  /** Nothing that is under way now comes to its end: a crash, or the end of the events. */
  cutOff(): void {
    for (const pid of this.mail.keys()) this.closeMail(pid);
    this.startInstant();
    this.tools.clear();
    this.people.clear();
  }

  private terminated(pid: number): void {
    this.closeMail(pid);
    this.released(pid);
    const parent = this.people.get(pid)?.parent ?? 0;
    // Its end is on its track anyway.
    if (parent !== 0) this.childEnds.set(parent, { pid, what: '', isMarked: true });
    this.people.delete(pid);
  }

  private released(pid: number): void {
    const person = this.people.get(pid);
    if (person !== undefined) this.freed.set(person.engine, doer(pid, 'memory released'));
  }

  private sent({ pid, to, number }: Extract<KernelEvent, { readonly type: 'message.sent' }>): void {
    // The world has no track.
    if (pid === 0) return;
    const flow = ++this.flows;
    this.pen.mark(pid, `message ${number} to ${this.nameOf(to)}`);
    this.pen.flow('s', pid, 'message', flow);
    let box = this.mail.get(to);
    if (box === undefined) this.mail.set(to, (box = new Map()));
    box.set(number, flow);
  }

  private started(event: Extract<KernelEvent, { readonly type: 'tool.started' }>): void {
    const { pid, request, tool, reads, writes, atUs } = event;
    this.tools.set(request, { pid, tool, reads, writes });
    const live = this.intervals.process(pid);
    if (live?.state !== 'waiting' || live.why !== 'lock' || live.sinceUs === atUs) return;
    const others = this.unlocked.filter((run) => run.pid !== pid);
    // Without a conflict it was the number of calls at once that kept it waiting.
    const cause =
      others.findLast((run) => conflict(run, event)) ?? others.findLast((run) => run.tool === tool);
    this.draw('lock', cause, pid, `${tool}: locks acquired`);
  }

  /** A lock, or what was posted, goes to one that may have waited for it. */
  private handed({ pid, atUs }: KernelEvent & { readonly pid: number }, key: string, what: string): void {
    const live = this.intervals.process(pid);
    if (live?.state === 'waiting' && live.why === 'lock' && live.sinceUs < atUs)
      this.draw('lock', this.handedOn.get(key), pid, what);
  }

  private ofRun({ pid, semaphore }: { readonly pid: number; readonly semaphore: string }): string {
    return JSON.stringify([this.people.get(pid)?.run, semaphore]);
  }

  private draw(kind: CauseKind, cause: Doer | undefined, pid: number, what: string): void {
    if (cause === undefined || cause.pid === pid) return;
    const flow = ++this.flows;
    if (!cause.isMarked) this.pen.mark(cause.pid, cause.what);
    cause.isMarked = true;
    this.pen.flow('s', cause.pid, kind, flow);
    this.pen.mark(pid, what);
    this.pen.flow('f', pid, kind, flow);
  }

  private closeMail(pid: number): void {
    const box = this.mail.get(pid);
    this.mail.delete(pid);
    if (box === undefined || box.size === 0) return;
    this.pen.mark(pid, `${box.size} message${box.size === 1 ? '' : 's'} not received`);
    for (const flow of box.values()) this.pen.flow('f', pid, 'message', flow);
  }

  private nameOf(pid: number): string {
    return this.people.get(pid)?.name ?? `process ${pid}`;
  }
}

interface Person {
  readonly name: string;
  readonly run: string;
  readonly parent: number;
  readonly engine: number;
}

/** Who let another go on, by what. */
interface Doer {
  readonly pid: number;
  readonly what: string;
  /** Its point is on the track already. */
  isMarked: boolean;
}

const doer = (pid: number, what: string): Doer => ({ pid, what, isMarked: false });

interface ToolRun {
  readonly pid: number;
  readonly tool: string;
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

type Keys = Pick<ToolRun, 'reads' | 'writes'>;

/** Whether the one had to wait for the other: as the kernel's lock table has it, `*` is every key. */
function conflict(a: Keys, b: Keys): boolean {
  return writesWhatIsUsed(a, b) || writesWhatIsUsed(b, a);
}

function writesWhatIsUsed({ writes }: Keys, other: Keys): boolean {
  const used = [...other.reads, ...other.writes];
  return writes.some((key) => (key === '*' ? used.length > 0 : used.includes(key) || used.includes('*')));
}
