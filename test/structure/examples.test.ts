/** Every example prints what the file beside it says: `examples/x.ts` and `examples/x.txt`. Virtual time makes that possible. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { projectRoot, sourceFiles } from '../support/source.ts';

const examples = existsSync(join(projectRoot, 'examples')) ? sourceFiles('examples') : [];
const outputOf = (example: string): string => join(projectRoot, example.replace(/\.ts$/, '.txt'));

test('every example has its output beside it', () => {
  expect(examples.filter((example) => !existsSync(outputOf(example)))).toEqual([]);
});

for (const example of examples) {
  test(`${example} prints what its .txt says`, () => {
    const env = { ...process.env, NO_COLOR: '1' };
    const run = spawnSync(process.execPath, [example], { cwd: projectRoot, env, encoding: 'utf8' });
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' });
    expect(run.stdout).toBe(readFileSync(outputOf(example), 'utf8'));
  });
}
