import type { ServedWorld } from '../served-world.ts';
import { KernelFeed } from './kernel-feed.ts';
import { RunWatches, type RunWatchesOptions } from './run-watches.ts';

export interface Watches {
  readonly runs: RunWatches;
  readonly kernel: KernelFeed;
  /** Everybody is told what is left and that the server stops. */
  close(): void;
}

export type WatchingOptions = Partial<Omit<RunWatchesOptions, 'storage' | 'nowUs' | 'onError'>>;

/** The watching of all that happens in a kernel from now on. `onError`: an error of the watching itself, which touches no run. */
export function openWatches(
  { live, storage, clock }: Pick<ServedWorld, 'live' | 'storage' | 'clock'>,
  { onError, ...options }: WatchingOptions & Pick<RunWatchesOptions, 'onError'>,
): Watches {
  const nowUs = (): number => clock.nowUs();
  const runs = new RunWatches({ storage, nowUs, onError, ...options });
  const kernel = new KernelFeed({ nowUs, ...options });
  live.watch({
    kept(output, input) {
      runs.kept(output, input);
      kernel.kept(output);
    },
    broke() {
      runs.close('failed');
      kernel.close('failed');
    },
  });
  live.answers.watch((delta) => runs.told(delta));
  return {
    runs,
    kernel,
    close() {
      runs.close('shutdown');
      kernel.close('shutdown');
    },
  };
}
