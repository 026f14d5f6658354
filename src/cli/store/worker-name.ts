/** The name under which a process of this machine drives a run, by which others of the machine can tell that it has died: nobody need wait for the end of its lease then. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { nanoid } from 'nanoid';

/** Like no other's. */
export function workerName(kind = ''): string {
  return [machine(), process.pid, startOf(process.pid) ?? '', `${kind}${nanoid(8)}`].join('/');
}

/** Of a server, whose runs the next one goes on with. */
export const serverName = (): string => workerName(serverMark);
export const isServer = (name: string): boolean => name.split('/').at(-1)!.startsWith(serverMark);
const serverMark = 'server.';

/** For people. */
export function shownWorker(name: string): string {
  const { host, pid } = partsOf(name);
  return pid === undefined ? name : `process ${pid} on ${host}`;
}

/** It was a process of this machine, and is no more; of another machine nobody can tell. */
export function isGone(name: string): boolean {
  const parts = partsOf(name);
  if (parts.pid === undefined || parts.machine !== machine()) return false;
  const start = startOf(parts.pid);
  if (start !== undefined && parts.start !== '') return start !== parts.start;
  try {
    process.kill(parts.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function partsOf(name: string): {
  readonly host: string;
  readonly machine: string;
  readonly pid: number | undefined;
  readonly start: string;
} {
  const [host = '', space = '', pid = '', start = ''] = name.split('/');
  const number = Number(pid);
  const isPid = name.split('/').length === 5 && Number.isInteger(number) && number > 0;
  return { host, machine: `${host}/${space}`, pid: isPid ? number : undefined, start };
}

/** Containers of one machine may have its name, but number their processes by themselves; another machine may have its name, too, but was not started with it. */
function machine(): string {
  const space = read(() => readlinkSync('/proc/self/ns/pid')) ?? '';
  const start = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '';
  return `${hostname().replaceAll('/', '_')}/${space} ${start}`;
}

/**
 * When the process started, as the system counts: another one may get its number. Undefined: nobody says. '': it has ended, and whoever started it has not asked how: in containers without an init nobody ever does.
 */
function startOf(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is a name in brackets, with whatever in it; the state is the third, the start the 22nd.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? '' : fields?.[19];
}

function read(act: () => string): string | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
