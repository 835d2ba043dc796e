/** An object took no more calls: nothing was done, and a little later it may be. Thrown by adapters of the ports. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
}
