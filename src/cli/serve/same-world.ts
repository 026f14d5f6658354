/** Whether a run that is kept can go on in the world of a server: with the models, folders, hosts and servers that it was started with. */
import { canonicalJson } from '../../base/canonical-json.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import { checkRunSettings, type RunSettings } from '../store/run-settings.ts';

/** Throws KernelError INVALID_ARGUMENT that names what differs, and STORAGE_FAILED where nobody has kept how it was started. */
export function checkSameWorld(run: string, kept: Json | undefined, here: RunSettings): void {
  const settings = checkRunSettings(run, kept);
  for (const name of settings.chain) {
    const model = settings.models.find((one) => one.name === name);
    const own = here.models.find((one) => one.name === name);
    if (!isSame(model, own)) throw other(run, `model ${name}`);
  }
  for (const field of ['root', 'shell', 'hosts'] as const)
    if (!isSame(settings[field], here[field])) throw other(run, nameOf[field]);
  const missing = settings.tools.find((tool) => !here.tools.includes(tool));
  if (missing !== undefined) throw other(run, `tool ${missing}`);
}

const nameOf = {
  root: 'folder (--root)',
  shell: 'folder of the shell (--shell)',
  hosts: 'hosts (--allow-host)',
} as const;

const isSame = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);

function other(run: string, what: string): KernelError {
  return new KernelError(
    'INVALID_ARGUMENT',
    `run ${run}: it was started with another ${what} than this server has; ringzero resume ${run} goes on with it`,
  );
}
