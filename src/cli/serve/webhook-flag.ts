/** Where `ringzero serve` tells of open questions. */
import { invalid, KernelError } from '../../kernel/errors.ts';

/** The variable of the environment with the secret that what is told is signed with. */
export const webhookVariable = 'RINGZERO_WEBHOOK_SECRET';
/** A secret that nobody guesses, characters. */
const leastSecret = 16;

/** Undefined: nobody is told. Throws KernelError INVALID_ARGUMENT; never with the secret. */
export function webhookOptions(
  url: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly url: string; readonly secret: string } | undefined {
  if (url === undefined) return undefined;
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:')
    throw invalid('--approval-webhook', url, 'an http or https URL');
  const secret = environment[webhookVariable]?.trim() ?? '';
  if (secret.length >= leastSecret) return { url, secret };
  throw new KernelError(
    'INVALID_ARGUMENT',
    `${webhookVariable}: ${secret === '' ? 'is not set' : 'is too short'}; allowed: a secret of ${leastSecret} characters or more, with which --approval-webhook signs`,
  );
}
