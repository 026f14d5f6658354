/** What is redacted in live runs: what the file of settings and `--redact` say, and whatever the environment holds that looks like a key. */
import type { Command as CommanderCommand } from 'commander';

import { otlpHeaders } from '../../adapters/telemetry/otlp-settings.ts';
import { Redactor, type RedactionRule } from '../../host/redactor.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Io } from '../command.ts';
import { readRedactConfig } from './config-file.ts';
import { looksSecret } from './secret-words.ts';

export interface RedactFlags {
  readonly config?: string;
  readonly redact?: readonly string[];
}

export interface Redaction {
  readonly redactor: Redactor;
  /** Names of the rules that somebody has told. */
  readonly rules: readonly string[];
}

/** A shorter value would be found in everything. */
const leastSecret = 6;

/** `keyVariables`: of the models, whatever their names look like. Throws KernelError INVALID_ARGUMENT or INVALID_FILE. */
export function redactorOf(
  { config, redact = [] }: RedactFlags,
  { folder, environment }: Pick<Io, 'folder' | 'environment'>,
  keyVariables: readonly (string | undefined)[],
): Redaction {
  const found = readRedactConfig(folder, config);
  // Each is checked under the name by which somebody knows it.
  void new Redactor(found.rules, `${found.name}: redact`);
  const flagged = redact.map(ruleOf);
  void new Redactor(flagged, '--redact');
  const secrets = Object.entries(environment).flatMap(([name, value = '']): RedactionRule[] =>
    (looksSecret(name) || keyVariables.includes(name)) && value.trim().length >= leastSecret
      ? [{ name: name.replaceAll(/[^\w.-]/g, '_').slice(0, 40), text: value.trim() }]
      : [],
  );
  for (const text of collectorSecrets(environment))
    secrets.push({ name: 'OTEL_EXPORTER_OTLP_HEADERS', text });
  const told = [...found.rules, ...flagged];
  return {
    redactor: new Redactor([...secrets, ...told]),
    rules: [...new Set(told.map(({ name }) => name))],
  };
}

/** Keys of collectors stand in a list of headers. */
function collectorSecrets(environment: Io['environment']): readonly string[] {
  return otlpHeaders(environment).flatMap(([name, value]) => {
    // Of `Bearer abc` the secret is the last word.
    const secret = value.split(/\s+/).at(-1)!;
    const isSecret = looksSecret(name) ? secret.length >= leastSecret : secret.length >= leastUnnamed;
    return isSecret ? [secret] : [];
  });
}
/** So long a value is a key, whatever its header is called. */
const leastUnnamed = 20;

/** `--redact`, for whatever command stores something. */
export function addRedactFlag(command: CommanderCommand): void {
  command.option(
    '--redact <name=pattern>',
    'what matches this regular expression is replaced before it is stored, shown or sent to a model; can be repeated (default: none, but keys of the environment always are)',
    (value: string, before: readonly string[]): readonly string[] => [...before, value],
    [],
  );
}

function ruleOf(word: string): RedactionRule {
  const [, name, pattern] = /^([^=]+)=(.+)$/s.exec(word) ?? [];
  if (name === undefined || pattern === undefined)
    throw invalid('--redact', word, 'NAME=PATTERN, such as card=\\b\\d{16}\\b');
  return { name, pattern };
}
