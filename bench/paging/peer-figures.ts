/**
 * Million references a second of a simulator in C (libCacheSim; LIRS: its authors' program), policy work alone, trace in memory, one thread, as measured by others on
 * a machine where the calibration of this benchmark did 22 to 31 M/s on the Zipf workload. By workload: cloudphysics, conversation, zipf.
 */
export const peerFigures: Readonly<Record<string, readonly [number, number, number]>> = {
  lru: [24.9, 22.1, 14.2],
  fifo: [21.8, 22.9, 24.8],
  clock: [21.7, 19.4, 19.8],
  sieve: [22.6, 18.7, 24.3],
  's3-fifo': [7.5, 6.1, 7.8],
  arc: [17.8, 16.7, 10.5],
  lfu: [13.6, 17.6, 7.2],
  'w-tinylfu': [3.2, 3.3, 5.5],
  lirs: [5.6, 4.3, 4.6],
  gdsf: [5.2, 5.0, 2.3],
  opt: [7.4, 7.0, 6.9],
};

/** The middle of 22 to 31. */
export const peerCalibration = 26;
