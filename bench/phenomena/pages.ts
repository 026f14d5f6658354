/** The pages on phenomena, in the order of their list. */
import { beladysAnomalyPage } from './beladys-anomaly.ts';
import { convoyEffectPage } from './convoy-effect.ts';
import { greedyTenantPage } from './greedy-tenant.ts';
import { mlfqGamingPage } from './mlfq-gaming.ts';
import type { ResultPage } from './page.ts';
import { priorityInversionPage } from './priority-inversion.ts';
import { starvationPage } from './starvation.ts';
import { thrashingPage } from './thrashing.ts';

export const pages: Readonly<Record<string, () => ResultPage>> = {
  'beladys-anomaly': beladysAnomalyPage,
  'convoy-effect': convoyEffectPage,
  'mlfq-gaming': mlfqGamingPage,
  starvation: starvationPage,
  'priority-inversion': priorityInversionPage,
  thrashing: thrashingPage,
  'greedy-tenant': greedyTenantPage,
};
