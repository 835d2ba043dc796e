/** Lua scripts are imported as text (the Text rule of wrangler.toml; a load plugin in the tests under Node). */
declare module '*.lua' {
  const text: string
  export default text
}
