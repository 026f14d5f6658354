/** The policies that come with the kernel: three tables, a row for each, and a lookup by name. */
export * from './load-control/index.ts';
export * from './paging/index.ts';
export * from './scheduling/index.ts';
export { cfsDefaults, cfsWith, type CfsOptions } from './scheduling/cfs.ts';
export { edfDefaults, edfWith, type EdfOptions, type ServiceClass } from './scheduling/edf.ts';
export { eevdfDefaults, eevdfWith, type EevdfOptions } from './scheduling/eevdf.ts';
export { lotteryDefaults, lotteryWith, type LotteryOptions } from './scheduling/lottery.ts';
export { mlfqDefaults, mlfqWith, type MlfqOptions } from './scheduling/mlfq.ts';
export { priorityDefaults, priorityWith, type PriorityOptions } from './scheduling/priority.ts';
export { randomDefaults, randomWith, type RandomOptions } from './scheduling/random.ts';
export { roundRobinDefaults, roundRobinWith, type RoundRobinOptions } from './scheduling/round-robin.ts';
export { atlasWith } from './scheduling/atlas.ts';
export { attainedServiceDefaults, type AttainedServiceOptions } from './scheduling/attained-service.ts';
export { plasWith } from './scheduling/plas.ts';
export { vtcDefaults, vtcWith, type VtcOptions } from './scheduling/vtc.ts';
export {
  staticPriorityDefaults,
  staticPriorityWith,
  type StaticPriorityOptions,
} from './scheduling/static-priority.ts';
export { strideDefaults, strideWith, type StrideOptions } from './scheduling/stride.ts';
export { lruKDefaults, lruKWith, type LruKOptions } from './paging/lru-k.ts';
export { wTinyLfuDefaults, wTinyLfuWith, type WTinyLfuOptions } from './paging/w-tinylfu.ts';
export {
  pageFaultFrequencyDefaults,
  pageFaultFrequencyWith,
  type PageFaultFrequencyOptions,
} from './load-control/page-fault-frequency.ts';
export {
  pauseAndRestoreDefaults,
  pauseAndRestoreWith,
  type PauseAndRestoreOptions,
} from './load-control/pause-and-restore.ts';
export { workingSetDefaults, workingSetWith, type WorkingSetOptions } from './load-control/working-set.ts';
