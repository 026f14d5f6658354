/** What processes wrote and synced, in the order in which the system saw it (strace.io). */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FileEvent {
  /** `write`: it has been written to; `sync`: it has been synced; `acknowledged`: a process was about to say so on its standard output. */
  readonly type: 'write' | 'sync' | 'acknowledged';
  readonly path: string;
}

/** Whether it is installed, and allowed to watch processes that are there already. */
export function canTrace(): boolean {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' });
    const scope = '/proc/sys/kernel/yama/ptrace_scope';
    return process.getuid?.() === 0 || !existsSync(scope) || readFileSync(scope, 'utf8').trim() === '0';
  } catch {
    return false;
  }
}

/** Watches a Node program, which waits for a line before it begins, to its end, and the processes with these numbers beside it. */
export async function traced(
  program: readonly string[],
  beside: readonly number[] = [],
): Promise<readonly FileEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-strace-'));
  const file = join(folder, 'trace');
  const worker = spawn(process.execPath, program, { stdio: ['pipe', 'ignore', 'inherit'] });
  const pids = [worker.pid!, ...beside].flatMap((pid) => ['-p', String(pid)]);
  const words = ['-f', '-y', '-e', 'trace=fsync,fdatasync,write,pwrite64,pwritev', '-s', '16', '-o', file];
  const strace = spawn('strace', [...words, ...pids], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await attached(strace, [worker.pid!, ...beside]);
    const ended = once(worker, 'exit');
    worker.stdin.end('go\n');
    await ended;
    const closed = once(strace, 'exit');
    strace.kill('SIGINT');
    await closed;
    return eventsOf(readFileSync(file, 'utf8'));
  } finally {
    worker.kill('SIGKILL');
    strace.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

function attached(strace: ChildProcess, pids: readonly number[]): Promise<void> {
  let told = '';
  return new Promise((resolve, reject) => {
    strace.stderr!.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (pids.every((pid) => told.includes(`Process ${pid} attached`))) resolve();
    });
    strace.once('exit', () => reject(new Error(`strace: ${told}`)));
  });
}

/** A process and those that it has started, as far as they live. */
export function familyOf(pid: number): readonly number[] {
  const children = readdirSync('/proc').filter((name) => {
    const stat = join('/proc', name, 'stat');
    if (!/^\d+$/.test(name) || !existsSync(stat)) return false;
    // Behind the name of the program, which may hold anything: its state and its parent.
    const fields = readFileSync(stat, 'utf8').split(') ').at(-1)!.split(' ');
    return Number(fields[1]) === pid;
  });
  return [pid, ...children.map(Number)];
}

const whole = /^(\d+) +(\w+)\((\d+)<([^>]*)>(.*)$/;
const resumed = /^(\d+) +<\.\.\. (\w+) resumed>/;

function eventsOf(trace: string): readonly FileEvent[] {
  const events: FileEvent[] = [];
  /** What each process has begun. */
  const begun = new Map<string, FileEvent>();
  for (const line of trace.split('\n')) {
    const [, pid, name, , path, rest] = whole.exec(line) ?? [];
    if (pid === undefined) {
      const [, back = ''] = resumed.exec(line) ?? [];
      const event = begun.get(back);
      if (event !== undefined) events.push(event);
      begun.delete(back);
      continue;
    }
    if (rest!.includes('acknowledged')) {
      events.push({ type: 'acknowledged', path: path! });
      continue;
    }
    const event: FileEvent = { type: name!.endsWith('sync') ? 'sync' : 'write', path: path! };
    if (rest!.endsWith('<unfinished ...>')) begun.set(pid, event);
    else events.push(event);
  }
  return events;
}
