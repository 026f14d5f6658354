/** The pages on phenomena, in the order of their list. */
import { beladysAnomalyPage } from './beladys-anomaly.ts';
import { convoyEffectPage } from './convoy-effect.ts';
import { greedyTenantPage } from './greedy-tenant.ts';
import { mlfqGamingPage } from './mlfq-gaming.ts';
import type { ResultPage } from './page.ts';
import { priorityInversionPage } from './priority-inversion.ts';
import { programServiceRecordedPage } from './program-service-recorded.ts';
import { programServicePage } from './program-service.ts';
import { starvationPage } from './starvation.ts';
import { thrashingPage } from './thrashing.ts';

/** Made within a second or so. */
export const quickPages: Readonly<Record<string, () => ResultPage>> = {
  'beladys-anomaly': beladysAnomalyPage,
  'convoy-effect': convoyEffectPage,
  'mlfq-gaming': mlfqGamingPage,
  starvation: starvationPage,
  'priority-inversion': priorityInversionPage,
  thrashing: thrashingPage,
  'greedy-tenant': greedyTenantPage,
};

/** Those that take longer. Undefined: a recording that it is made from is not there. */
export const longPages: Readonly<
  Record<string, () => ResultPage | undefined | Promise<ResultPage | undefined>>
> = {
  'program-service': programServicePage,
  'program-service-recorded': programServiceRecordedPage,
};
