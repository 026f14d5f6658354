/** A scenario in a file, with what it showed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { BrokenPromise } from './broken-promise.ts';
import type { Scenario } from './scenario.ts';

/** Every file here is run by the tests, and has to keep all promises. */
export const scenariosFolder = fileURLToPath(new URL('scenarios', import.meta.url));

interface ScenarioFile {
  /** The promise that broke when it was found, and how. */
  readonly showed: string;
  readonly scenario: Scenario;
}

export function readScenario(file: string): Scenario {
  return (JSON.parse(readFileSync(file, 'utf8')) as ScenarioFile).scenario;
}

/** Returns the path of the file, from here. */
export function writeScenario(name: string, scenario: Scenario, broken: BrokenPromise): string {
  const file = join(scenariosFolder, `${name}.json`);
  const showed = `${broken.promise}: ${broken.message}`;
  writeFileSync(file, `${JSON.stringify({ showed, scenario } satisfies ScenarioFile, undefined, 2)}\n`);
  return relative(process.cwd(), file);
}
