import { Client, Connection } from '@temporalio/client';
import { config } from '../temporal.config.ts';

/**
 * A client of the configured server, or of our own.
 * @throws when it does not answer within 10 s: the message says which address and where it comes from.
 */
export async function connectClient(): Promise<Client> {
  const { connection, namespace, external } = config.temporal;
  try {
    return new Client({ connection: await Connection.connect({ ...connection, connectTimeout: 10_000 }), namespace });
  } catch (error) {
    const remedy = external
      ? 'Check TEMPORAL_ADDRESS and your temporal.toml profile'
      : 'Start the stack with `npm run lap` or `npm run dev`';
    throw new Error(`No Temporal server answers at ${connection.address}. ${remedy}.`, { cause: error });
  }
}

/** Connects for as long as the work takes. */
export async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectClient();
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}
