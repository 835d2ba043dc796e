/** The name of the Hyperdrive in wrangler.toml. */
export const POSTGRES_BINDING = 'POSTGRES'
