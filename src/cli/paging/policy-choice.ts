/** `--policy a,b,./mine.ts`: policies of the table, and those of a user's own files. */
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import { pagingPolicies, sessionPolicies } from '../../policies/index.ts';
import { providerCaches } from '../../sim/sessions/provider-cache.ts';
import { parseNames } from '../options.ts';
import { importPolicy, isPolicyFile, ownPolicyFile, type OwnPolicyFile } from '../own-policy.ts';

/** Plain data: it is handed to worker threads. */
export interface PolicyChoice {
  /** As given: what rows of results say. */
  readonly name: string;
  /** A user's own. */
  readonly file?: OwnPolicyFile;
}

export const policiesAllowed = allowedOf(Object.keys(pagingPolicies));

/** With `--residency prefix` what knows of sessions is there, too; opt is not, whose page references are plain. */
const onlySessions = [...Object.keys(sessionPolicies), ...providerCaches.map(({ name }) => name)];
export const sessionPolicyNames: readonly string[] = [
  ...Object.keys(pagingPolicies).filter((name) => name !== 'opt'),
  ...onlySessions,
];
export const sessionPoliciesAllowed = allowedOf(sessionPolicyNames);
/** For `--help`, where both are told. */
export const policiesOfBoth = `${policiesAllowed}; with --residency prefix also ${onlySessions.join(', ')}, but not opt`;

/** Throws KernelError INVALID_ARGUMENT for a name that is none. A policy that is named twice is taken once. */
export function parsePolicies(option: string, text: string): PolicyChoice[] {
  return parseNames(text, Object.keys(pagingPolicies)).map((name) => {
    if (Object.hasOwn(pagingPolicies, name)) return { name };
    if (!isPolicyFile(name)) throw invalid(option, name, policiesAllowed);
    return { name, file: ownPolicyFile(option, name) };
  });
}

/** For reports: which content of a user's own files the results are of. */
export function ownPolicyNotes(policies: readonly PolicyChoice[]): string[] {
  return policies.flatMap(({ name, file }) =>
    file === undefined ? [] : [`${name} is the file with SHA-256 ${file.sha256}`],
  );
}

/** The policy itself; a user's file is imported. */
export async function createOf({ name, file }: PolicyChoice): Promise<CreatePagingPolicy> {
  if (file === undefined) return (pagingPolicies as Record<string, CreatePagingPolicy>)[name]!;
  return importPolicy<CreatePagingPolicy>('--policy', name, file.path);
}

function allowedOf(names: readonly string[]): string {
  return `all, ${names.join(', ')}, or a file such as ./mine.ts`;
}
