import type { Client } from '@temporalio/client';
import { connectClient } from '../workers/stack/temporalServer.ts';

/** Connects for as long as the work takes. */
export async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectClient();
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}
