/** A job of the server: a scenario simulated with each scheduler on each seed. What its worker thread does. */
import { NativeTextHash } from '../../adapters/storage/native-sha256.ts';
import { runWorkload } from '../../sim/run-workload.ts';
import { parseScenario } from '../../sim/workloads/scenario.ts';
import type { CreateJob, JobRow } from '../../server/jobs/job-schemas.ts';
import type { StartJob } from '../../server/jobs/job-service.ts';
import { failureOf, type Failure } from '../failure.ts';
import { Threads } from '../threads.ts';

type Message =
  | { readonly kind: 'row'; readonly row: JobRow }
  | { readonly kind: 'progress'; readonly done: number };

/** Of a run, between two reports of progress. */
const progressStep = 0.02;

/** One after another. Never throws: a failure ends the job. */
export async function runSimulationJob(
  { scenario, schedulers, seeds, until_seconds: seconds }: CreateJob,
  _shared: null,
  post: (message: Message | Failure) => void,
): Promise<void> {
  try {
    const text = JSON.stringify(scenario);
    const cases = (seeds ?? [undefined]).flatMap((seed) =>
      (schedulers ?? [undefined]).map((scheduler) => ({ seed, scheduler })),
    );
    for (const [index, { seed, scheduler }] of cases.entries()) {
      const { spec, workload, untilUs } = parseScenario('scenario', text, seed === undefined ? {} : { seed });
      const until = seconds === undefined ? untilUs : Math.round(seconds * 1e6);
      const used = scheduler === undefined ? spec : { ...spec, scheduler };
      let told = 0;
      const { metrics, events, eventHash, virtualUs, isCut } = runWorkload({
        spec: used,
        agents: workload.agents,
        program: 'scripted',
        check: false,
        keepRecords: false,
        textHash: new NativeTextHash(),
        ...(until === undefined ? {} : { untilUs: until }),
        onProgress(ended, of) {
          const share = ended / of;
          if (share < told + progressStep) return;
          told = share;
          post({ kind: 'progress', done: (index + share) / cases.length });
        },
      });
      const { perProcess: _, ...rest } = metrics;
      post({
        kind: 'row',
        row: {
          scheduler: used.scheduler,
          seed: used.seed,
          events,
          event_hash: eventHash,
          virtual_seconds: virtualUs / 1e6,
          is_cut: isCut,
          metrics: { ...rest },
        },
      });
    }
  } catch (error) {
    post(failureOf(error, 'job'));
  }
}

/** Memory of a thread, MB: a job that needs more fails, and the server does not. */
const memoryMb = 512;

export const startSimulationJob: StartJob = (job, tell) => {
  const threads = new Threads<CreateJob, null, Message>({
    entry: 'serve/simulation-worker',
    shared: null,
    memoryMb,
  });
  return {
    ended: threads.run(job, (message) => {
      if (message.kind !== 'failure') tell(message);
      else tell({ kind: 'failure', problem: message.what === 'input' ? message.problem : 'it failed' });
    }),
    cancel: () => threads.stop(),
  };
};
