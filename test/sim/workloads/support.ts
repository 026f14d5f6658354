import { KernelError } from '../../../src/kernel/errors.ts';
import type { KernelErrorCode } from '../../../src/kernel/errors.ts';
import type { WorkloadSource } from '../../../src/sim/workloads/read-workload.ts';

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A file in memory. */
export function source(text: string, name = 'trace', headChars = 65_536): WorkloadSource {
  async function* lines(): AsyncGenerator<string> {
    yield* text.split(/\r?\n/);
  }
  return { name, lines, text: async () => text, head: async () => text.slice(0, headChars) };
}

/** The one line of the KernelError with this code that the action ends with. */
export async function problemOf(
  action: () => unknown,
  code: KernelErrorCode = 'INVALID_FILE',
): Promise<string> {
  let thrown: unknown;
  try {
    await action();
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) throw new Error('no error');
  if (!(thrown instanceof KernelError)) throw thrown;
  if (thrown.code !== code) throw new Error(`${thrown.code} instead of ${code}: ${thrown.message}`);
  if (thrown.message.includes('\n')) throw new Error(`more than one line: ${thrown.message}`);
  return thrown.message;
}
