/** `--memories FILE`: what agents are told of earlier work where it fits their task, as JSON: a list of skills, experiences and notes (docs/run.md). */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import {
  experienceSources,
  isExperience,
  rememberExperience,
  rememberSkill,
  type Experience,
  type Skill,
} from '../../agents/memory/experience.ts';
import { feedbackConfidence } from '../../agents/memory/feedback.ts';
import { sha256Hex } from '../../base/sha256.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid, KernelError, messageOf } from '../../kernel/errors.ts';
import { checkKnownFields } from '../../kernel/known-fields.ts';
import type { Remember } from '../../kernel/syscalls.ts';

/**
 * The memories of a file, in a scope of this content alone: whoever reads the same again remembers nothing new, and whoever reads another finds none of these. Two entries of one skill,
 * or of one experience, are one: the later. Throws KernelError INVALID_FILE or INVALID_ARGUMENT, one line with file and entry, and errors of the file system.
 */
export function readMemories(
  folder: string,
  name: string,
): { readonly scopes: readonly string[]; readonly given: readonly Remember[] } {
  let entries: unknown;
  try {
    entries = JSON.parse(readFileSync(resolve(folder, name), 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new KernelError('INVALID_FILE', `${name}: is not JSON (${messageOf(error)})`, { cause: error });
  }
  if (!Array.isArray(entries)) throw invalid(name, entries, 'a list of skills, experiences and notes');
  if (entries.length === 0) return { scopes: [], given: [] };
  const scope = `file:${sha256Hex(JSON.stringify(entries))}`;
  const given = entries.map((entry: unknown, index) => {
    try {
      return memoryOf(scope, entry);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      throw new KernelError(error.code, `${name}: [${index}]: ${error.message}`, { cause: error });
    }
  });
  return { scopes: [scope], given };
}

function memoryOf(scope: string, entry: unknown): Remember {
  if (!isRecord(entry)) throw invalid('entry', entry, '{ kind, … }');
  const { kind, ...given } = entry;
  switch (kind) {
    case 'skill':
      checkKnownFields('', given, ['name', 'when', 'text']);
      return rememberSkill(scope, given as unknown as Skill);
    case 'experience':
      checkKnownFields('', given, ['condition', 'rule', 'source', 'confidence', 'evidence']);
      return rememberExperience(scope, experienceOf(given));
    case 'note':
      checkKnownFields('', given, ['text']);
      return { kind: 'remember', scope, text: checkedText('text', given['text']) };
    default:
      throw invalid('kind', kind, 'skill, experience, note');
  }
}

/** One that nobody has told of is somebody's correction. */
function experienceOf(given: { readonly [field: string]: unknown }): Experience {
  const source = experienceSources.find((one) => one === (given['source'] ?? 'correction'));
  if (source === undefined) throw invalid('source', given['source'], experienceSources.join(', '));
  const { confidence = feedbackConfidence[source], evidence = [] } = given;
  if (!(typeof confidence === 'number' && confidence >= 0 && confidence <= 1))
    throw invalid('confidence', confidence, 'a number from 0 to 1');
  const experience = {
    kind: 'experience',
    condition: checkedText('condition', given['condition']),
    rule: checkedText('rule', given['rule']),
    source,
    confidence,
    evidence: evidence as Experience['evidence'],
  } as const;
  if (!isExperience(experience)) throw invalid('evidence', evidence, 'a list of { run, step, text }');
  return experience;
}

function checkedText(field: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '')
    throw invalid(field, value, 'a text that is not empty');
  return value;
}
