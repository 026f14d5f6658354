/** The redaction of a run that is kept: the rules that it was started with, as they are said now. Their patterns are not kept, as they may be secrets themselves. */
import { modelVariables } from '../../adapters/models/openai-compatible.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import { redactorOf, type Redaction, type RedactFlags } from '../live/redaction.ts';
import type { RunSettings } from './run-settings.ts';

/** `settings`: of the run, where `ringzero run` has kept any. Throws KernelError INVALID_ARGUMENT for a rule that is said nowhere: what it kept out would be stored from now on. */
export function storedRedaction(
  run: string,
  settings: Json | undefined,
  flags: RedactFlags,
  io: Pick<Io, 'folder' | 'environment'>,
): Redaction {
  const { models = [], redactions = [] }: Partial<RunSettings> = isRecord(settings) ? settings : {};
  const keyVariables = models.map(({ endpoint }) => endpoint?.keyVariable);
  const found = redactorOf(flags, io, [modelVariables.key, ...keyVariables]);
  const missing = redactions.find((name) => !found.rules.includes(name));
  if (missing === undefined) return { ...found, rules: [...new Set([...redactions, ...found.rules])] };
  throw new KernelError(
    'INVALID_ARGUMENT',
    `run ${run}: what its rule of redaction "${missing}" matches is not kept: it may be a secret; allowed: the rule as --redact ${missing}=PATTERN, or in ringzero.json`,
  );
}
