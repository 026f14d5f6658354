/**
 * What somebody says of a step becomes an experience: told again it grows surer, contradicted it grows less sure, corrected it is replaced. It is stored as data, and comes back as quoted data
 * (see injection): nothing that a person says of a run ever instructs another by itself.
 */
import { invalid } from '../../kernel/errors.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import type { Json } from '../../kernel/ids.ts';
import type { RecalledMemory, Sys, SyscallResult } from '../../kernel/syscalls.ts';
import {
  confidenceAt,
  experienceKey,
  experienceSources,
  isExperience,
  rememberExperience,
  sameWords,
  type Evidence,
  type Experience,
  type ExperienceSource,
} from './experience.ts';
import type { MemorySteps } from './load-memories.ts';

/** A type, as it is the argument of a program. */
export type Feedback = {
  readonly kind: ExperienceSource;
  /** When it holds; not empty. */
  readonly condition: string;
  /** What the step did; may be empty where `text` is not. */
  readonly did: string;
  /** What was said: of a correction what to do instead, not empty; else why, or empty. */
  readonly text: string;
  readonly run: string;
  readonly step: number;
};

/** The source systems' confidences for praise and correction; blame says no more than a correction. */
export const feedbackConfidence: Readonly<Record<ExperienceSource, number>> = {
  positive: 0.8,
  negative: 0.6,
  correction: 0.6,
};
/** However often it is told. */
const mostConfidence = 0.95;
const loweredBy = 0.5;
const mostEvidence = 5;
/** Experiences looked through for the same and for contradictions. */
const mostFound = 50;

/**
 * Stores it. The value is the experience as it stands now. Feedback that is known (the same words on the same step) changes nothing. Two processes that store feedback of one condition at
 * one instant may not see each other: the later one's word stands.
 */
export function* rememberFeedback(
  sys: Sys,
  scope: string,
  feedback: Feedback,
): MemorySteps<SyscallResult<Experience>> {
  const fresh = experienceOf(feedback);
  const query = `${fresh.condition}\n${fresh.rule}`;
  const found = (yield { kind: 'recall', scope, query, limit: mostFound }) as SyscallResult<
    readonly RecalledMemory[]
  >;
  if (!found.ok) return found;
  const key = experienceKey(fresh);
  const condition = sameWords(fresh.condition);
  const related = found.value.flatMap(({ data, atUs }) =>
    isExperience(data) && sameWords(data.condition) === condition
      ? [{ ...data, confidence: confidenceAt(data, atUs, sys.now) }]
      : [],
  );
  const known = related.find(
    (other) => experienceKey(other) === key && sameWords(other.rule) === sameWords(fresh.rule),
  );
  if (known?.evidence.some((one) => isSameEvidence(one, fresh.evidence[0]!)) === true)
    return { ok: true, value: known };
  const told = known === undefined ? fresh : reinforced(known, fresh);
  const lowered = related
    .filter((other) => contradicts(fresh, other))
    .map((other) => ({ ...other, confidence: other.confidence * loweredBy }));
  for (const experience of [...lowered, told]) {
    const stored = yield rememberExperience(scope, experience);
    if (!stored.ok) return stored;
  }
  return { ok: true, value: told };
}

/** Throws KernelError INVALID_ARGUMENT that names the field. */
export function checkFeedback(given: Json): Feedback {
  if (!isRecord(given)) throw invalid('feedback', given, '{ kind, condition, did, text, run, step }');
  const { kind, condition, did, text, run, step } = given;
  if (!(experienceSources as readonly unknown[]).includes(kind))
    throw invalid('feedback.kind', kind, experienceSources.join(', '));
  for (const [field, value] of Object.entries({ condition, did, text, run }))
    if (typeof value !== 'string') throw invalid(`feedback.${field}`, value, 'a text');
  if ((condition as string).trim() === '')
    throw invalid('feedback.condition', condition, 'a text that is not empty');
  const isSaid = (text as string).trim() !== '';
  if (kind === 'correction' && !isSaid)
    throw invalid('feedback.text', text, 'what to do instead, a text that is not empty');
  if (!isSaid && (did as string).trim() === '')
    throw invalid('feedback.text', text, 'a text that is not empty, where nothing says what the step did');
  if (!Number.isSafeInteger(step) || (step as number) < 1)
    throw invalid('feedback.step', step, 'the number of a step, from 1');
  return given as unknown as Feedback;
}

function experienceOf({ kind, condition, did, text, run, step }: Feedback): Experience {
  const rule = kind === 'correction' || did.trim() === '' ? text : did;
  return {
    kind: 'experience',
    condition,
    rule,
    evidence: [{ run, step, text }],
    source: kind,
    confidence: feedbackConfidence[kind],
  };
}

/** Two independent signs: it is wrong only if both are. */
function reinforced(known: Experience, { confidence, evidence }: Experience): Experience {
  return {
    ...known,
    confidence: Math.min(mostConfidence, 1 - (1 - known.confidence) * (1 - confidence)),
    evidence: [...known.evidence, ...evidence].slice(-mostEvidence),
  };
}

/** Whether `fresh` speaks against `other`, of the same condition. A correction replaces the one before it by its key. */
function contradicts(fresh: Experience, other: Experience): boolean {
  const isSameRule = sameWords(fresh.rule) === sameWords(other.rule);
  switch (fresh.source) {
    case 'correction':
      return other.source === 'positive' ? !isSameRule : other.source === 'negative' && isSameRule;
    case 'negative':
      return other.source !== 'negative' && isSameRule;
    case 'positive':
      return other.source === 'negative' && isSameRule;
  }
}

const isSameEvidence = (a: Evidence, b: Evidence): boolean =>
  a.run === b.run && a.step === b.step && a.text === b.text;
