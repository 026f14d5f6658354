/** The three workloads on which speed is measured, with the capacities at which the figures of the peer were taken. */
export const speedWorkloads = [
  { workload: 'cloudphysics', capacity: 4_897 },
  { workload: 'conversation', capacity: 18_279 },
  { workload: 'zipf', capacity: 76_260 },
] as const;

/** References a second of the policy, and of the calibration on the Zipf workload; `bytes` beside the trace. */
export interface SpeedRow {
  readonly workload: string;
  readonly unique: number;
  readonly capacity: number;
  references: number;
  zipfCalibration: number;
  misses: number;
  bytes: number;
}
