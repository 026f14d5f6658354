import { clientSource } from '../../src/server/openapi/client-source.ts';
import { documentOf } from '../../src/server/openapi/document.ts';
import { openServer } from '../support/open-server.ts';

/** What src/client/api.ts should hold. */
export async function clientText(): Promise<string> {
  await using server = await openServer();
  return clientSource(documentOf(server.app, '0.0.0'));
}
