import { Traces } from '../agents/traces/traces.ts';
import type { LiveKernel } from './live-kernel.ts';

/** The traces of all runs that `kernel` starts from now on, with the text of answers as it comes. */
export function watchTraces(kernel: LiveKernel): Traces {
  const traces = new Traces();
  kernel.watch(traces);
  kernel.answers.watch((delta) => traces.told(delta));
  return traces;
}
