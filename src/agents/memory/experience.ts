/**
 * What agents learn: experiences (under which condition which rule, how sure, from where) and skills (how something is done). Each is one memory of a scope: its text is what it is found
 * by, its data is the whole of it. What a scope holds may come from anybody: data that is none of these is a plain note.
 */
import { pow } from '../../base/math.ts';
import { sha256Hex } from '../../base/sha256.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { RecalledMemory, Remember } from '../../kernel/syscalls.ts';

export const experienceSources = ['positive', 'negative', 'correction'] as const;
/** Of `positive` the rule is what went well, of `negative` what did not, of `correction` what to do instead. */
export type ExperienceSource = (typeof experienceSources)[number];

export type Experience = {
  readonly kind: 'experience';
  /** When it holds; not empty. */
  readonly condition: string;
  /** Not empty. */
  readonly rule: string;
  /** What it rests on: the latest, the oldest first. */
  readonly evidence: readonly Evidence[];
  readonly source: ExperienceSource;
  /** 0 to 1, at the time at which it was remembered. */
  readonly confidence: number;
};

/** A step of a trace, and what was said of it. */
export type Evidence = {
  readonly run: string;
  readonly step: number;
  readonly text: string;
};

export type Skill = {
  readonly kind: 'skill';
  /** Names it within its scope; not empty. */
  readonly name: string;
  /** What it is good for. */
  readonly when: string;
  /** How it is done; not empty. */
  readonly text: string;
};

/** Confidence is half as high after this time: 30 days. */
export const halfLifeUs = 30 * 24 * 3_600_000_000;

/** The confidence left at `nowUs` of what was remembered at `atUs`. */
export function confidenceAt({ confidence }: Experience, atUs: number, nowUs: number): number {
  return confidence * pow(0.5, Math.max(0, nowUs - atUs) / halfLifeUs);
}

/** Of one condition there is one correction, so that a later one replaces an earlier; praise and blame are of one rule each. */
export function experienceKey({ condition, rule, source }: Experience): string {
  const parts = source === 'correction' ? [condition] : [condition, rule];
  return [source, ...parts.map((part) => sha256Hex(sameWords(part)).slice(0, 32))].join('/');
}

/** Two texts that differ in case, space and punctuation alone are the same here. */
export function sameWords(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu);
  return words === null ? text.trim() : words.join(' ');
}

export function rememberExperience(scope: string, experience: Experience): Remember {
  const { condition, rule } = experience;
  return {
    kind: 'remember',
    scope,
    text: `${condition}\n${rule}`,
    key: experienceKey(experience),
    data: experience,
  };
}

/** A skill of the same name replaces it. Throws KernelError INVALID_ARGUMENT. */
export function rememberSkill(scope: string, { name, when, text }: Omit<Skill, 'kind'>): Remember {
  for (const [field, value] of Object.entries({ name, text }))
    if (typeof value !== 'string' || value.trim() === '')
      throw invalid(`skill.${field}`, value, 'a text that is not empty');
  if (typeof when !== 'string') throw invalid('skill.when', when, 'a text');
  const skill: Skill = { kind: 'skill', name, when, text };
  return { kind: 'remember', scope, text: `${name}\n${when}\n${text}`, key: `skill/${name}`, data: skill };
}

/** undefined: it is a note. */
export function lessonOf({ data }: Pick<RecalledMemory, 'data'>): Experience | Skill | undefined {
  if (isExperience(data)) return data;
  return isSkill(data) ? data : undefined;
}

export function isExperience(data: Json | undefined): data is Experience {
  if (!isRecord(data) || data['kind'] !== 'experience') return false;
  const { condition, rule, evidence, source, confidence } = data;
  return (
    typeof condition === 'string' &&
    typeof rule === 'string' &&
    (experienceSources as readonly unknown[]).includes(source) &&
    typeof confidence === 'number' &&
    confidence >= 0 &&
    confidence <= 1 &&
    Array.isArray(evidence) &&
    evidence.every(isEvidence)
  );
}

function isEvidence(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { run, step, text } = value;
  return typeof run === 'string' && typeof step === 'number' && typeof text === 'string';
}

function isSkill(data: Json | undefined): data is Skill {
  if (!isRecord(data) || data['kind'] !== 'skill') return false;
  return ['name', 'when', 'text'].every((field) => typeof data[field] === 'string');
}
