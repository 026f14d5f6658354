import type { Rng } from '../../src/base/rng.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';

/** What becomes of one call: it isn't done, or it is done but nobody hears of it, or it is done. */
export type Fate = 'not done' | 'not heard of' | 'done';

/** `storage`, which is unavailable whenever `fate` says so. */
export function failingStorage(
  storage: StorageManager,
  fate: (operation: keyof StorageManager) => Fate,
): StorageManager {
  return new Proxy(storage, {
    get(target, name: keyof StorageManager) {
      const operation = target[name].bind(target) as (...args: unknown[]) => unknown;
      if (name === 'newWriter') return operation;
      return async (...args: unknown[]) => {
        const chosen = fate(name);
        if (chosen === 'not done') throw unavailable();
        const result = await operation(...args);
        if (chosen === 'not heard of') throw unavailable();
        return result;
      };
    },
  });
}

/** Fails so often, by chance, and at times for long. */
export function randomFate(rng: Rng, share: number): () => Fate {
  let failures = 0;
  return () => {
    if (failures === 0 && rng.next() < share) failures = 1 + rng.integer(4);
    if (failures === 0) return 'done';
    failures--;
    return rng.next() < 0.5 ? 'not done' : 'not heard of';
  };
}

export function unavailable(): KernelError {
  return new KernelError('STORAGE_UNAVAILABLE', 'storage test: disk is full');
}
